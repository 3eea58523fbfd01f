SELECT {job}
FROM jobs
WHERE id = %(id)s
