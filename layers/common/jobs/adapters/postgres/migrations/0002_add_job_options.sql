-- The options of a job besides its priority, and the indexes that list jobs.
--
-- Only adds: code that knows nothing of it goes on working, and no row is rewritten. The rows are read
-- for the indexes: in the meantime, some three seconds for a million, statements wait.
ALTER TABLE jobs
    -- The owner of the job, where API keys are required.
    ADD COLUMN owner            text,
    ADD COLUMN tags             text[] NOT NULL DEFAULT '{}',
    -- The wait after a failed attempt: 'exponential' doubles it each time, 'fixed' does not.
    ADD COLUMN backoff          text NOT NULL DEFAULT 'exponential',
    ADD COLUMN backoff_seconds  float8 NOT NULL DEFAULT 1,
    ADD COLUMN backoff_jitter   boolean NOT NULL DEFAULT false,
    -- Seconds one attempt may take, where that is less than its type may.
    ADD COLUMN timeout_seconds  float8,
    -- Until then, a request with the same key finds this job.
    ADD COLUMN idempotency_key  text,
    ADD COLUMN body_hash        text,
    ADD COLUMN idempotent_until timestamptz,
    -- While a job is open (and, if that is sooner, until then) no other job has its key.
    ADD COLUMN unique_key       text,
    ADD COLUMN unique_until     timestamptz,
    ADD COLUMN cancel_requested_at timestamptz,
    -- Of the latest attempt, as it reported: percent, and in words.
    ADD COLUMN progress         float8,
    ADD COLUMN progress_message text,
    -- The address that is called when the job ends.
    ADD COLUMN callback_url     text;

-- NOT VALID spares reading the rows that are there: each satisfies the narrower rule before.
ALTER TABLE jobs
    DROP CONSTRAINT jobs_status_check,
    ADD CONSTRAINT jobs_status_check
        CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')) NOT VALID;
ALTER TABLE job_attempts
    DROP CONSTRAINT job_attempts_outcome_check,
    -- 'retried' is no attempt, but the note that a failed job got new ones.
    ADD CONSTRAINT job_attempts_outcome_check
        CHECK (outcome IN ('completed', 'failed', 'unknown', 'lost', 'cancelled', 'retried'))
        NOT VALID;

CREATE UNIQUE INDEX jobs_idempotency ON jobs (coalesce(owner, ''), idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX jobs_unique ON jobs (coalesce(owner, ''), unique_key)
    WHERE unique_key IS NOT NULL AND status IN ('pending', 'processing');

-- Each combination of the first three is in order of time, so that any choice of them is listed
-- by merging the heads of a few ranges, however many rows there are.
CREATE INDEX jobs_listed ON jobs (type, status, priority, created_at, id);

-- What has failed, in order of when it did.
CREATE INDEX jobs_failed ON jobs (updated_at) WHERE status = 'failed';

-- The tags once more, each in order of time.
CREATE TABLE job_tags (
    tag        text NOT NULL,
    created_at timestamptz NOT NULL,
    job_id     uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    PRIMARY KEY (tag, created_at, job_id)
);
CREATE INDEX job_tags_of_job ON job_tags (job_id);

-- What has ended lately.
CREATE INDEX job_attempts_ended ON job_attempts (ended_at);
