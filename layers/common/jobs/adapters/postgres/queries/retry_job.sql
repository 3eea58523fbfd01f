-- Give a failed job all its attempts anew, and note that in its history. Asked again with the same
-- token, it answers as the first time.
WITH before AS (
    SELECT * FROM jobs WHERE id = %(id)s FOR UPDATE
), expired_key AS (
    -- As for a new job: a key whose time is up is taken off its row first.
    UPDATE jobs
    SET unique_key = NULL
    FROM before
    WHERE jobs.unique_key = before.unique_key
      AND coalesce(jobs.owner, '') = coalesce(before.owner, '')
      AND jobs.status IN ('pending', 'processing')
      AND jobs.unique_until <= now()
      AND before.status = 'failed'
    RETURNING jobs.id
), free AS MATERIALIZED (
    SELECT before.id
    FROM before,
        -- Counting them makes sure that it is done before.
        (SELECT count(*) FROM expired_key) AS first
    WHERE before.status = 'failed'
      AND NOT EXISTS (
          SELECT FROM jobs AS other
          WHERE other.unique_key = before.unique_key
            AND coalesce(other.owner, '') = coalesce(before.owner, '')
            AND other.status IN ('pending', 'processing')
            AND (other.unique_until IS NULL OR other.unique_until > now())
      )
), retried AS (
    SELECT reopened.*
    FROM free
    CROSS JOIN LATERAL reopen_job(free.id) AS reopened
), noted AS (
    INSERT INTO job_attempts (
        job_id, token, number, started_at, ended_at, outcome, request_id
    )
    SELECT id, %(token)s, before.attempts, now(), now(), 'retried', %(request_id)s
    FROM before
    JOIN retried USING (id)
), shown AS (
    SELECT 'retried' AS finding, * FROM retried
    UNION ALL
    SELECT
        CASE
            WHEN EXISTS (
                SELECT FROM job_attempts WHERE job_id = before.id AND token = %(token)s
            ) THEN 'retried'
            WHEN status = 'failed' THEN 'key taken'
            ELSE 'not failed'
        END,
        *
    FROM before
    LIMIT 1
)
SELECT finding, {job_columns}
FROM shown
