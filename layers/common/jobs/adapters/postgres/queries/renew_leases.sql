-- Let live leases end later. A lease that has ended stays ended.
UPDATE jobs
SET lease_until = now() + make_interval(secs => %(lease)s)
FROM unnest(%(ids)s::uuid[], %(tokens)s::uuid[]) AS held (id, token)
WHERE jobs.id = held.id
  AND jobs.token = held.token
  AND jobs.status = 'processing'
  AND jobs.lease_until > now()
RETURNING jobs.id
