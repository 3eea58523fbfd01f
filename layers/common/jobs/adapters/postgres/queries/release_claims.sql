-- Put claims that were not started back as they were, the attempt not counted.
UPDATE jobs
SET status = 'pending',
    attempts = attempts - 1,
    token = NULL,
    lease_until = NULL,
    updated_at = now()
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS held (id, token)
WHERE jobs.id = held.id
  AND jobs.token = held.token
  AND jobs.status = 'processing'
RETURNING jobs.id
