-- Every change of every job, with what it was before: written by a trigger, read by the oracle.
-- `worker` is what the process that made the change calls itself in its connection.
CREATE SCHEMA test;

CREATE TABLE test.history (
    place     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    worker    text,
    job_id    uuid NOT NULL,
    was       text,
    became    text NOT NULL,
    old_token uuid,
    new_token uuid,
    live      boolean NOT NULL,  -- the lease of old_token had not ended
    attempts  integer NOT NULL,
    most      integer NOT NULL
);
CREATE INDEX ON test.history (job_id);
CREATE INDEX ON test.history (new_token);

CREATE FUNCTION test.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO test.history (
        worker, job_id, was, became, old_token, new_token, live, attempts, most
    ) VALUES (
        current_setting('test.worker', true), NEW.id, OLD.status, NEW.status,
        OLD.token, NEW.token,
        coalesce(OLD.status = 'processing' AND OLD.lease_until > now(), false),
        NEW.attempts, NEW.max_attempts
    );
    RETURN NULL;
END $$;

CREATE TRIGGER note AFTER INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION test.note();

-- What the tests know of the outside: ids that were accepted, and effects that were seen.
CREATE TABLE test.accepted (id uuid PRIMARY KEY);
CREATE TABLE test.effects (job_id uuid NOT NULL, token uuid);
