-- Seconds until the last lease ends; NULL when there is none.
SELECT extract(epoch FROM max(lease_until) - now())::float8 AS seconds
FROM jobs
WHERE status = 'processing'
