-- The latest attempts, oldest first. A failed job may be given new ones without end.
SELECT number, started_at, ended_at, outcome, error, request_id
FROM (
    SELECT *
    FROM job_attempts
    WHERE job_id = %(id)s
    ORDER BY started_at DESC, number DESC
    LIMIT %(limit)s
) AS latest
ORDER BY started_at, number
