-- Keep a key. Asking again after a lost answer changes nothing.
INSERT INTO api_keys (id, owner, scopes, secret_hash)
VALUES (%(id)s, %(owner)s, %(scopes)s::text[], %(secret_hash)s)
ON CONFLICT (id) DO UPDATE SET id = excluded.id
RETURNING id
