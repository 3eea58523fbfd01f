id, type, status, priority, attempts, max_attempts, result, error, created_at, updated_at,
due_at, extract(epoch FROM due_at - now())::float8 AS due_in, tags,
backoff, backoff_seconds, backoff_jitter, timeout_seconds, progress, progress_message,
idempotency_key, unique_key
