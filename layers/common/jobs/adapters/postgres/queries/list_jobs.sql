-- A page of jobs, of one owner or of all, with a tag or any, newest first. For each choice of type,
-- status and priority an index holds the jobs in order, and so do others for each owner and tag: the
-- heads of these ranges are merged, whatever the choice, and however many rows there are. Without a
-- choice of types those that there are are found by leaping through the index.
WITH RECURSIVE kind (type) AS (
    SELECT min(type) FROM {listed} AS jobs WHERE {of_owner}
    UNION ALL
    SELECT (
        SELECT min(jobs.type) FROM {listed} AS jobs WHERE {of_owner} AND jobs.type > kind.type
    )
    FROM kind
    WHERE kind.type IS NOT NULL
), wanted (type) AS (
    SELECT unnest(%(types)s::text[])
    UNION ALL
    SELECT type FROM kind WHERE type IS NOT NULL AND cardinality(%(types)s::text[]) = 0
), page AS (
    SELECT head.id
    FROM wanted
    CROSS JOIN unnest(%(statuses)s::text[]) AS chosen (status)
    CROSS JOIN unnest(%(priorities)s::text[]) AS queue (priority)
    CROSS JOIN LATERAL (
        SELECT jobs.id, jobs.created_at
        FROM {listed} AS jobs
        WHERE {of_owner}
          AND jobs.type = wanted.type
          AND jobs.status = chosen.status
          AND jobs.priority = queue.priority
          AND jobs.created_at >= %(after)s::timestamptz
          AND (jobs.created_at, jobs.id) < (%(before)s::timestamptz, %(before_id)s::uuid)
        ORDER BY jobs.created_at DESC, jobs.id DESC
        LIMIT %(limit)s
    ) AS head
    ORDER BY head.created_at DESC, head.id DESC
    LIMIT %(limit)s
)
SELECT {job_columns}
FROM page
JOIN jobs USING (id)
ORDER BY created_at DESC, id DESC
