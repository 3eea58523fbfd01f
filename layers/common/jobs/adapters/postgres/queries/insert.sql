-- Store a pending job, due now. The id is made by the caller, so that asking again after a lost
-- answer finds the row instead of making a second one.
WITH stored AS (
    INSERT INTO jobs (id, type, priority, payload, max_attempts)
    VALUES (%(id)s, %(type)s, %(priority)s, %(payload)s, %(max_attempts)s)
    ON CONFLICT (id) DO NOTHING
    RETURNING *
), found AS (
    SELECT * FROM stored
    UNION ALL
    (SELECT * FROM jobs WHERE id = %(id)s)
    LIMIT 1
)
SELECT id, type, status, priority, attempts, max_attempts, result, error, created_at, updated_at
FROM found
