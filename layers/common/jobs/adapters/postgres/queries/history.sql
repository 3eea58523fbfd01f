SELECT number, started_at, ended_at, outcome, error, request_id
FROM job_attempts
WHERE job_id = %(id)s
ORDER BY started_at, number
