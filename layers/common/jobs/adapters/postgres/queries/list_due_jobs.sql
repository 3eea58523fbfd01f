-- Jobs that may be taken now, from the rows alone: high before default, then by time. Of a paused
-- queue only those whose lease has ended.
SELECT id, priority
FROM (
    (
        SELECT pending.id, queues.priority, pending.due_at AS since
        FROM queues
        CROSS JOIN LATERAL (
            SELECT id, due_at
            FROM jobs
            WHERE status = 'pending' AND due_at <= now() AND jobs.priority = queues.priority
            ORDER BY due_at
            LIMIT %(limit)s
        ) AS pending
        WHERE queues.paused_at IS NULL
    )
    UNION ALL
    (
        SELECT id, priority, lease_until AS since
        FROM jobs
        WHERE status = 'processing' AND lease_until <= now()
        ORDER BY lease_until
        LIMIT %(limit)s
    )
) AS ready
ORDER BY priority DESC, since
LIMIT %(limit)s
