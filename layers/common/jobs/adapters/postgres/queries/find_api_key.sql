-- A key, and the owner of the job that it is shown for, in one round trip.
SELECT
    key.id, key.owner, key.scopes, key.secret_hash, key.created_at, key.revoked_at,
    jobs.owner AS job_owner
FROM (SELECT %(id)s::text AS id, %(job_id)s::uuid AS job_id) AS asked
LEFT JOIN api_keys AS key ON key.id = asked.id
LEFT JOIN jobs ON jobs.id = asked.job_id
