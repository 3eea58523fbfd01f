-- What the queues ought to hold, the first of it in the order in which it is due. What waits in a
-- paused queue is not published until that is resumed.
SELECT pending.id, queues.priority, extract(epoch FROM pending.due_at - now())::float8 AS delay
FROM queues
CROSS JOIN LATERAL (
    SELECT id, due_at
    FROM jobs
    WHERE status = 'pending' AND jobs.priority = queues.priority
    ORDER BY due_at
    LIMIT %(limit)s
) AS pending
WHERE queues.paused_at IS NULL
UNION ALL
(
    SELECT id, priority, extract(epoch FROM lease_until - now())::float8
    FROM jobs
    WHERE status = 'processing'
    ORDER BY lease_until
    LIMIT %(limit)s
)
