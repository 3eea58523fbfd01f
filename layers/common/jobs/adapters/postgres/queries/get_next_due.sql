-- Seconds until the next open job may be taken; NULL when none is open, or all are of paused queues.
SELECT extract(epoch FROM least(
    (
        SELECT min(pending.due_at)
        FROM queues
        CROSS JOIN LATERAL (
            SELECT due_at
            FROM jobs
            WHERE status = 'pending' AND jobs.priority = queues.priority
            ORDER BY due_at
            LIMIT 1
        ) AS pending
        WHERE queues.paused_at IS NULL
    ),
    (SELECT min(lease_until) FROM jobs WHERE status = 'processing')
) - now())::float8 AS seconds
