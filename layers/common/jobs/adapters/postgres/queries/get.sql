SELECT id, type, status, priority, attempts, max_attempts, result, error, created_at, updated_at
FROM jobs
WHERE id = %(id)s
