-- Make a pending job due now, unless it is due already, and show it as it is then. Any other job is
-- shown as it stands.
WITH before AS (
    SELECT * FROM jobs WHERE id = %(id)s FOR UPDATE
), made_due AS (
    UPDATE jobs
    SET due_at = now(),
        updated_at = now()
    FROM before
    WHERE jobs.id = before.id
      AND before.status = 'pending'
      AND before.due_at > now()
    RETURNING jobs.*
), shown AS (
    SELECT * FROM made_due
    UNION ALL
    SELECT * FROM before
    LIMIT 1
)
SELECT {job_columns}
FROM shown
