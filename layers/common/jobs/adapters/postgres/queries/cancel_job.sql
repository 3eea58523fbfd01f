-- Cancel a job that has not ended, waiting or running, and show it as it is then. The holder of its
-- claim cannot end it any more. One that has ended is shown as it ended.
--
-- `outbox_entries` are the ids of the notification jobs that this made; they have its priority.
WITH before AS (
    SELECT jobs.*, jobs AS job FROM jobs WHERE id = %(id)s FOR UPDATE
), ended AS (
    UPDATE jobs
    SET status = 'cancelled',
        lease_until = NULL,
        ended_at = CASE WHEN before.status = 'processing' THEN now() ELSE jobs.ended_at END,
        cancel_requested_at = now(),
        updated_at = now()
    FROM before
    WHERE jobs.id = before.id
      AND before.status IN ('pending', 'processing')
    RETURNING jobs.*, jobs AS job
), kept AS (
    INSERT INTO job_attempts (
        job_id, token, number, started_at, ended_at, outcome, request_id
    )
    SELECT id, token, attempts, started_at, now(), 'cancelled', request_id
    FROM before
    WHERE status = 'processing'
), outbox AS (
    {outbox}
), shown AS (
    SELECT * FROM ended
    UNION ALL
    SELECT * FROM before
    LIMIT 1
)
SELECT ARRAY(SELECT id::text FROM outbox) AS outbox_entries, {job_columns}
FROM shown
