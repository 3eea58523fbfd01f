-- As text, which is the text that was stored.
SELECT payload::text AS payload
FROM jobs
WHERE id = %(id)s
