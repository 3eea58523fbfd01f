-- How the open jobs stand, for each queue, and whether it is paused.
WITH standing AS (
    SELECT
        priority,
        count(*) FILTER (WHERE status = 'pending' AND due_at <= now()) AS ready,
        count(*) FILTER (WHERE status = 'pending' AND due_at > now()) AS scheduled,
        count(*) FILTER (WHERE status = 'processing') AS in_flight,
        min(due_at) FILTER (WHERE status = 'pending' AND due_at <= now()) AS oldest
    FROM jobs
    WHERE status IN ('pending', 'processing')
    GROUP BY priority
)
SELECT
    priority,
    coalesce(ready, 0),
    coalesce(scheduled, 0),
    coalesce(in_flight, 0),
    extract(epoch FROM now() - oldest)::float8,
    paused_at IS NOT NULL
FROM queues
LEFT JOIN standing USING (priority)
