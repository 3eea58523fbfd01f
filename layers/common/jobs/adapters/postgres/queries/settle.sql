-- End a batch of attempts, each only if its claim still stands, and keep them in the history.
--
-- Returns the ids that have ended as asked, now or when the same was asked before (the answer
-- to a COMMIT may have been lost): the token stays in the row for that. A claim can be called
-- lost by others only once its lease has ended.
--
-- A job that ends for good and names a callback makes the job that tells it, in this transaction,
-- and so does each where there is a bus; those come with their priority.
WITH ending AS (
    SELECT *
    FROM json_to_recordset(%(endings)s) AS e (
        id uuid, token uuid, status text, outcome text, result text, error text,
        delay float8, lost boolean, uncounted boolean
    )
), ended AS (
    UPDATE jobs
    SET status = ending.status,
        result = ending.result::json,
        error = ending.error,
        due_at = CASE
            WHEN ending.status = 'pending' THEN now() + make_interval(secs => ending.delay)
            ELSE jobs.due_at
        END,
        lease_until = NULL,
        attempts = jobs.attempts - ending.uncounted::integer,
        losses = jobs.losses + ending.lost::integer,
        updated_at = now()
    FROM ending
    WHERE jobs.id = ending.id
      AND jobs.token = ending.token
      AND jobs.status = 'processing'
      AND (NOT ending.lost OR jobs.lease_until <= now())
    RETURNING
        jobs.id, jobs.token, jobs.attempts + ending.uncounted::integer AS number,
        jobs.started_at, ending.outcome, ending.error, jobs.request_id,
        jobs AS job
), kept AS (
    INSERT INTO job_attempts (
        job_id, token, number, started_at, ended_at, outcome, error, request_id
    )
    SELECT id, token, number, started_at, now(), outcome, error, request_id
    FROM ended
), told AS (
    {told}
)
SELECT id, priority
FROM told
UNION ALL
SELECT id, NULL
FROM ending
WHERE id IN (SELECT id FROM ended)
   OR EXISTS (
       SELECT
       FROM jobs
       JOIN job_attempts AS past ON past.job_id = jobs.id AND past.token = jobs.token
       WHERE jobs.id = ending.id
         AND jobs.token = ending.token
         AND jobs.status = ending.status
         -- Called lost by somebody else, the attempt has not ended as its worker asks.
         AND past.outcome = ending.outcome
   )
