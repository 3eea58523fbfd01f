-- One row for each job: the truth about its work, and about the lease of its worker.
CREATE TABLE jobs (
    id           uuid PRIMARY KEY,
    type         text NOT NULL,
    status       text NOT NULL DEFAULT 'pending'
                 CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    priority     text NOT NULL DEFAULT 'default' CHECK (priority IN ('high', 'default')),
    -- json, not jsonb: a CSV's columns come out in the order in which they were sent.
    payload      json NOT NULL,
    result       json,
    error        text,
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND max_attempts),
    max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts >= 1),
    -- From this time on a pending job may be taken.
    due_at       timestamptz NOT NULL DEFAULT now(),
    -- Until this time the holder of the token alone may end a processing job.
    lease_until  timestamptz,
    token        uuid,
    started_at   timestamptz,
    request_id   text,
    -- Leases lost so far: above zero the job is run with no other beside it.
    losses       integer NOT NULL DEFAULT 0,
    alone        boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    -- What no poller could go on from is refused, whoever writes it.
    CONSTRAINT leased_while_processing
        CHECK ((status = 'processing') = (lease_until IS NOT NULL)),
    CONSTRAINT held_while_processing
        CHECK (status <> 'processing'
               OR (attempts > 0 AND token IS NOT NULL AND started_at IS NOT NULL)),
    CONSTRAINT attempts_left_while_pending
        CHECK (status <> 'pending' OR attempts < max_attempts)
);

-- 'high' sorts after 'default', so descending is the order of service.
CREATE INDEX jobs_pending ON jobs (priority DESC, due_at) WHERE status = 'pending';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'processing';

-- One row for each attempt that was begun, written when it ends.
CREATE TABLE job_attempts (
    job_id     uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    token      uuid NOT NULL,
    number     integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('completed', 'failed', 'unknown', 'lost')),
    error      text,
    request_id text,
    PRIMARY KEY (job_id, token)
);
