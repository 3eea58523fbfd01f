-- The nine members that the API always shows of a job, for people who look with psql.
CREATE VIEW jobs_overview AS
SELECT
    id,
    type,
    status,
    priority,
    attempts,
    result,
    error,
    created_at AS "createdAt",
    updated_at AS "updatedAt"
FROM jobs;
