-- How the latest attempts went, for each type: those of a window of time, and no more than a sample.
-- How long a job waited is known of its latest attempt only: the row keeps one due time.
WITH latest AS (
    SELECT job_id, token, outcome, started_at, ended_at
    FROM job_attempts
    WHERE ended_at > now() - make_interval(secs => %(window)s)
      AND outcome <> 'retried'
    ORDER BY ended_at DESC
    LIMIT %(sample)s
), attempt AS (
    SELECT
        jobs.type,
        latest.outcome,
        extract(epoch FROM latest.ended_at - latest.started_at)::float8 AS run,
        CASE
            WHEN jobs.token = latest.token AND jobs.status <> 'pending'
            THEN greatest(0, extract(epoch FROM latest.started_at - jobs.due_at))::float8
        END AS wait
    FROM latest
    JOIN jobs ON jobs.id = latest.job_id
)
SELECT
    type,
    count(*) FILTER (WHERE outcome = 'completed') AS completed,
    count(*) FILTER (WHERE outcome IN ('failed', 'unknown', 'lost')) AS failed,
    count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) AS wait_p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY wait) AS wait_p99,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY run) AS run_p50,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY run) AS run_p99
FROM attempt
GROUP BY type
ORDER BY type
