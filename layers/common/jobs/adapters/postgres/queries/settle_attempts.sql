-- End a batch of attempts, each only if its claim still stands, and keep them in the history.
--
-- Returns the ids that have ended as asked, now or when the same was asked before (the answer
-- to a COMMIT may have been lost): the token stays in the row for that. Other workers can call a
-- claim lost only once its lease has ended.
--
-- A job that ends for good makes its notification jobs in this transaction: one if it names a
-- callback, one if there is an event bus. Their rows in the answer have a priority.
WITH settlement AS (
    SELECT *
    FROM json_to_recordset(%(settlements)s) AS e (
        id uuid, token uuid, status text, outcome text, result text, error text,
        delay float8, lost boolean, uncounted boolean
    )
), ended AS (
    UPDATE jobs
    SET status = settlement.status,
        result = settlement.result::json,
        error = settlement.error,
        due_at = CASE
            WHEN settlement.status = 'pending' THEN now() + make_interval(secs => settlement.delay)
            ELSE jobs.due_at
        END,
        lease_until = NULL,
        ended_at = now(),
        attempts = jobs.attempts - settlement.uncounted::integer,
        losses = jobs.losses + settlement.lost::integer,
        updated_at = now()
    FROM settlement
    WHERE jobs.id = settlement.id
      AND jobs.token = settlement.token
      AND jobs.status = 'processing'
      AND (NOT settlement.lost OR jobs.lease_until <= now())
    RETURNING
        jobs.id, jobs.token, jobs.attempts + settlement.uncounted::integer AS number,
        jobs.started_at, settlement.outcome, settlement.error, jobs.request_id,
        jobs AS job
), kept AS (
    INSERT INTO job_attempts (
        job_id, token, number, started_at, ended_at, outcome, error, request_id
    )
    SELECT id, token, number, started_at, now(), outcome, error, request_id
    FROM ended
), outbox AS (
    {outbox}
)
SELECT id, priority
FROM outbox
UNION ALL
SELECT id, NULL AS priority
FROM settlement
WHERE id IN (SELECT id FROM ended)
   OR EXISTS (
       SELECT
       FROM jobs
       JOIN job_attempts AS past ON past.job_id = jobs.id AND past.token = jobs.token
       WHERE jobs.id = settlement.id
         AND jobs.token = settlement.token
         AND jobs.status = settlement.status
         -- Another worker called it lost: the attempt has not ended as its own worker asks.
         AND past.outcome = settlement.outcome
   )
