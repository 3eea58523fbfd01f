-- The members that the API always shows of a job, for people who look with psql.
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
    updated_at AS "updatedAt",
    started_at AS "startedAt",
    CASE WHEN status <> 'processing' THEN ended_at END AS "endedAt"
FROM jobs;
