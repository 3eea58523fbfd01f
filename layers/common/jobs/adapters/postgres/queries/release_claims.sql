-- Put claims that were not started back as they were, the attempt not counted.
UPDATE jobs
SET status = 'pending',
    attempts = attempts - 1,
    token = NULL,
    lease_until = NULL,
    started_at = (
        SELECT max(past.started_at)
        FROM job_attempts AS past
        WHERE past.job_id = jobs.id
          AND past.outcome <> 'retried'
    ),
    updated_at = now()
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS held (id, token)
WHERE jobs.id = held.id
  AND jobs.token = held.token
  AND jobs.status = 'processing'
RETURNING jobs.id
