-- Store a batch of pending jobs, all or none, and answer with one row for each.
--
-- Where a key is taken, the row that has it is the answer. The unique indexes decide that; a key
-- whose time is up is taken off its row first. A row that another statement stores at the same
-- moment cannot be seen yet: then the answer is `unseen`, and asking again finds it.
WITH element AS (
    SELECT *
    FROM json_to_recordset(%(jobs)s) AS e (place integer, {input_columns})
), expired AS (
    SELECT jobs.id
    FROM element
    JOIN jobs ON jobs.idempotency_key = element.idempotency_key
        AND coalesce(jobs.owner, '') = coalesce(element.owner, '')
    WHERE jobs.idempotent_until <= now()
    UNION
    SELECT jobs.id
    FROM element
    JOIN jobs ON jobs.unique_key = element.unique_key
        AND coalesce(jobs.owner, '') = coalesce(element.owner, '')
        AND jobs.status IN ('pending', 'processing')
    WHERE jobs.unique_until <= now()
), freed AS (
    -- One statement changes a row once: both of its keys, if the time of both is up.
    UPDATE jobs
    SET idempotency_key = CASE WHEN idempotent_until > now() THEN idempotency_key END,
        unique_key = CASE WHEN unique_until <= now() THEN NULL ELSE unique_key END
    FROM expired
    WHERE jobs.id = expired.id
    RETURNING jobs.id
), stored AS (
    INSERT INTO jobs ({written_columns})
    SELECT {written_values}
    FROM element,
        -- Counting them makes sure that it is done before.
        (SELECT count(*) FROM freed) AS first
    ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING *
), found AS (
    SELECT element.place, 0 AS rank, held.*
    FROM element JOIN stored AS held ON held.id = element.id
    UNION ALL
    SELECT element.place, 0, held.*
    FROM element JOIN jobs AS held ON held.id = element.id
    UNION ALL
    SELECT element.place, 1, held.*
    FROM element
    JOIN jobs AS held ON held.idempotency_key = element.idempotency_key
        AND coalesce(held.owner, '') = coalesce(element.owner, '')
    WHERE held.idempotent_until > now()
    UNION ALL
    SELECT element.place, 1, held.*
    FROM element
    JOIN stored AS held ON held.idempotency_key = element.idempotency_key
        AND coalesce(held.owner, '') = coalesce(element.owner, '')
    UNION ALL
    SELECT element.place, 2, held.*
    FROM element
    JOIN jobs AS held ON held.unique_key = element.unique_key
        AND coalesce(held.owner, '') = coalesce(element.owner, '')
        AND held.status IN ('pending', 'processing')
    WHERE held.unique_until IS NULL OR held.unique_until > now()
    UNION ALL
    SELECT element.place, 2, held.*
    FROM element
    JOIN stored AS held ON held.unique_key = element.unique_key
        AND coalesce(held.owner, '') = coalesce(element.owner, '')
    UNION ALL
    -- The answer where there is no other.
    SELECT place, 3, (NULL::jobs).*
    FROM element
), answer AS (
    SELECT DISTINCT ON (place) *
    FROM found
    ORDER BY place, rank
)
SELECT rank = 3 AS unseen, body_hash AS stored_hash, {job_columns}
FROM answer
ORDER BY place
