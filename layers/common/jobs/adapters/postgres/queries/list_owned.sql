-- A page of the jobs of one owner, newest first, of those that are otherwise as wanted.
SELECT {job}
FROM jobs
WHERE owner = %(owner)s
  AND created_at >= %(after)s::timestamptz
  AND (created_at, id) < (%(before)s::timestamptz, %(before_id)s::uuid)
  AND status = ANY (%(statuses)s::text[])
  AND priority = ANY (%(priorities)s::text[])
  AND (cardinality(%(types)s::text[]) = 0 OR type = ANY (%(types)s::text[]))
  AND (%(tag)s::text IS NULL OR %(tag)s = ANY (tags))
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s
