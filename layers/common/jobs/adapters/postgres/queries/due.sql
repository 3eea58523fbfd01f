-- What may be taken now, straight from the rows: high before default, then by time.
SELECT id, priority
FROM (
    (
        SELECT id, priority, due_at AS since
        FROM jobs
        WHERE status = 'pending' AND due_at <= now()
        ORDER BY priority DESC, due_at
        LIMIT %(limit)s
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
