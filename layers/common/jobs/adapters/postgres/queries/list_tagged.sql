-- A page of the jobs with a tag, of one owner or of all, newest first, of those that are otherwise as
-- wanted.
WITH page AS (
    SELECT jobs.id
    FROM job_tags
    JOIN jobs ON jobs.id = job_tags.job_id
    WHERE job_tags.tag = %(tag)s
      AND job_tags.created_at >= %(after)s::timestamptz
      AND (job_tags.created_at, job_tags.job_id) < (%(before)s::timestamptz, %(before_id)s::uuid)
      AND {of_owner}
      AND jobs.status = ANY (%(statuses)s::text[])
      AND jobs.priority = ANY (%(priorities)s::text[])
      AND (cardinality(%(types)s::text[]) = 0 OR jobs.type = ANY (%(types)s::text[]))
    ORDER BY job_tags.created_at DESC, job_tags.job_id DESC
    LIMIT %(limit)s
)
SELECT {job}
FROM page
JOIN jobs USING (id)
ORDER BY created_at DESC, id DESC
