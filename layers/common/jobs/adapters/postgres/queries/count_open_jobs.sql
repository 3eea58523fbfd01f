-- Count the open jobs of each queue, and say whether it is paused. Pending and processing jobs are
-- counted apart: each status has an index of its own, and ended jobs are not read.
WITH waiting AS (
    SELECT
        priority,
        count(*) FILTER (WHERE due_at <= now()) AS ready,
        count(*) FILTER (WHERE due_at > now()) AS scheduled,
        min(due_at) FILTER (WHERE due_at <= now()) AS oldest
    FROM jobs
    WHERE status = 'pending'
    GROUP BY priority
), working AS (
    SELECT priority, count(*) AS in_flight
    FROM jobs
    WHERE status = 'processing'
    GROUP BY priority
)
SELECT
    priority,
    coalesce(ready, 0) AS ready,
    coalesce(scheduled, 0) AS scheduled,
    coalesce(in_flight, 0) AS in_flight,
    extract(epoch FROM now() - oldest)::float8 AS oldest,
    paused_at IS NOT NULL AS paused
FROM queues
LEFT JOIN waiting USING (priority)
LEFT JOIN working USING (priority)
