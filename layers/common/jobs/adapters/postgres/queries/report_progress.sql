-- Note how far attempts have come, each only while its claim stands.
UPDATE jobs
SET progress = told.percent,
    progress_message = told.message,
    updated_at = now()
FROM json_to_recordset(%(reports)s) AS told (id uuid, token uuid, percent float8, message text)
WHERE jobs.id = told.id
  AND jobs.token = told.token
  AND jobs.status = 'processing'
RETURNING jobs.id
