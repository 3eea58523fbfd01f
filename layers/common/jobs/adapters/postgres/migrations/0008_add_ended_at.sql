-- When the latest attempt that has ended did so. While the next one runs, the time stays: a claim that
-- is released leaves the row as it was.
--
-- Code that knows nothing of it goes on working; jobs that it ends keep the time of an earlier end, or
-- none. Rows whose attempts have ended are written anew.
ALTER TABLE jobs
    ADD COLUMN ended_at timestamptz;

UPDATE jobs
SET ended_at = past.ended_at
FROM (
    SELECT job_id, max(ended_at) AS ended_at
    FROM job_attempts
    WHERE outcome <> 'retried'
    GROUP BY job_id
) AS past
WHERE jobs.id = past.job_id;
