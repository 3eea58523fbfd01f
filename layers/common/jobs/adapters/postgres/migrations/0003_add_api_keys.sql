-- The API keys. Of a key only the SHA-256 of its secret part is kept.
CREATE TABLE api_keys (
    id          text PRIMARY KEY,
    -- Keys of one owner see the same jobs, so that one can take the place of another.
    owner       text NOT NULL,
    scopes      text[] NOT NULL CHECK (scopes <@ ARRAY['submit', 'read', 'admin']),
    secret_hash text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);

-- As jobs_listed, for each owner.
CREATE INDEX jobs_owned ON jobs (owner, type, status, priority, created_at, id)
    WHERE owner IS NOT NULL;
