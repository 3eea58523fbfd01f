-- Store a pending job that has no key. The id is made by the caller, so that asking again after a
-- lost answer finds the row instead of making a second one.
WITH stored AS (
    INSERT INTO jobs ({written_columns})
    SELECT {written_values}
    FROM (SELECT {input_values}) AS element
    ON CONFLICT (id) DO NOTHING
    RETURNING *
), found AS (
    SELECT * FROM stored
    UNION ALL
    (SELECT * FROM jobs WHERE id = %(id)s)
    LIMIT 1
)
SELECT {job_columns}
FROM found
