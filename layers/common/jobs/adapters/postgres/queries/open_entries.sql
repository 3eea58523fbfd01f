-- What the queues ought to hold, the first of it in the order in which it is due.
SELECT pending.id, queue.priority, extract(epoch FROM pending.due_at - now())::float8 AS delay
FROM unnest(ARRAY['high', 'default']) AS queue (priority)
CROSS JOIN LATERAL (
    SELECT id, due_at
    FROM jobs
    WHERE status = 'pending' AND jobs.priority = queue.priority
    ORDER BY due_at
    LIMIT %(limit)s
) AS pending
UNION ALL
(
    SELECT id, priority, extract(epoch FROM lease_until - now())::float8
    FROM jobs
    WHERE status = 'processing'
    ORDER BY lease_until
    LIMIT %(limit)s
)
