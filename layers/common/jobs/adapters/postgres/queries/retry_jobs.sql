-- Give failed jobs all their attempts anew, those that failed first before others, and note that in
-- their history. Of those with the same unique key one at most is taken, and none if one is open.
--
-- What cannot be taken is not chosen, so that it does not keep others from being reached. The first
-- column says whether as many were chosen as may be, so that there may be more.
WITH chosen AS (
    SELECT id, attempts, unique_key, coalesce(owner, '') AS owner
    FROM jobs
    WHERE status = 'failed'
      AND updated_at >= %(since)s::timestamptz
      AND (%(type)s::text IS NULL OR type = %(type)s)
      AND NOT EXISTS (
          SELECT FROM jobs AS other
          WHERE other.unique_key = jobs.unique_key
            AND coalesce(other.owner, '') = coalesce(jobs.owner, '')
            AND other.status IN ('pending', 'processing')
            AND (other.unique_until IS NULL OR other.unique_until > now())
      )
    ORDER BY updated_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY owner, unique_key ORDER BY id) AS rank
    FROM chosen
), expired_key AS (
    -- As for a new job: a key whose time is up is taken off its row first.
    UPDATE jobs
    SET unique_key = NULL
    FROM ranked
    WHERE jobs.unique_key = ranked.unique_key
      AND coalesce(jobs.owner, '') = ranked.owner
      AND jobs.status IN ('pending', 'processing')
      AND jobs.unique_until <= now()
    RETURNING jobs.id
), free AS MATERIALIZED (
    SELECT id, attempts
    FROM ranked,
        -- Counting them makes sure that it is done before.
        (SELECT count(*) FROM expired_key) AS first
    WHERE unique_key IS NULL
       OR rank = 1
), retried AS (
    SELECT reopened.*
    FROM free
    CROSS JOIN LATERAL reopen_job(free.id) AS reopened
), noted AS (
    INSERT INTO job_attempts (
        job_id, token, number, started_at, ended_at, outcome, request_id
    )
    SELECT id, %(token)s, free.attempts, now(), now(), 'retried', %(request_id)s
    FROM free
    JOIN retried USING (id)
)
SELECT (SELECT count(*) FROM chosen) = %(limit)s AS more, {job_columns}
FROM retried
