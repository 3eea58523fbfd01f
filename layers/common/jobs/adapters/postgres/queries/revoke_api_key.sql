-- Revoke a key; one that was revoked before keeps its time.
UPDATE api_keys
SET revoked_at = coalesce(revoked_at, now())
WHERE id = %(id)s
RETURNING id
