-- How the open jobs stand, for each queue.
SELECT
    priority,
    count(*) FILTER (WHERE status = 'pending' AND due_at <= now()) AS ready,
    count(*) FILTER (WHERE status = 'pending' AND due_at > now()) AS scheduled,
    count(*) FILTER (WHERE status = 'processing') AS in_flight,
    extract(epoch FROM now() - min(due_at) FILTER (WHERE status = 'pending' AND due_at <= now()))
        ::float8 AS oldest
FROM jobs
WHERE status IN ('pending', 'processing')
GROUP BY priority
