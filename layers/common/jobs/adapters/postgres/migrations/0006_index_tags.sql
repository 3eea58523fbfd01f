-- A tag knows of its job all that a list may be asked for beside it, so that any choice is found in one
-- index. The database itself keeps that true, whoever writes a job.
--
-- Code that knows nothing of it goes on working. All tags are written anew: in the meantime, some twelve
-- seconds for a million of them, those who write jobs wait.
ALTER TABLE job_tags
    DROP CONSTRAINT job_tags_pkey,
    ADD PRIMARY KEY (job_id, tag),
    ADD COLUMN owner    text,
    ADD COLUMN type     text,
    ADD COLUMN status   text,
    ADD COLUMN priority text;
DROP INDEX job_tags_of_job;

CREATE FUNCTION keep_tags() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO job_tags (job_id, tag, created_at, owner, type, status, priority)
        SELECT NEW.id, tag, NEW.created_at, NEW.owner, NEW.type, NEW.status, NEW.priority
        FROM unnest(NEW.tags) AS tag
        -- Who wrote jobs before this was made wrote their tags as well.
        ON CONFLICT (job_id, tag) DO UPDATE
        SET owner = excluded.owner,
            type = excluded.type,
            status = excluded.status,
            priority = excluded.priority;
    ELSE
        UPDATE job_tags
        SET owner = NEW.owner, type = NEW.type, status = NEW.status, priority = NEW.priority
        WHERE job_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER tags_are_written
    AFTER INSERT ON jobs
    FOR EACH ROW WHEN (NEW.tags <> '{}')
    EXECUTE FUNCTION keep_tags();

CREATE TRIGGER tags_are_kept
    AFTER UPDATE OF owner, type, status, priority ON jobs
    FOR EACH ROW WHEN (
        NEW.tags <> '{}'
        AND (NEW.owner, NEW.type, NEW.status, NEW.priority)
            IS DISTINCT FROM (OLD.owner, OLD.type, OLD.status, OLD.priority)
    )
    EXECUTE FUNCTION keep_tags();

INSERT INTO job_tags (job_id, tag, created_at, owner, type, status, priority)
SELECT id, tag, created_at, owner, type, status, priority
FROM jobs, unnest(tags) AS tag
ON CONFLICT (job_id, tag) DO UPDATE
SET owner = excluded.owner,
    type = excluded.type,
    status = excluded.status,
    priority = excluded.priority;

-- As jobs_listed and jobs_owned, for each tag.
CREATE INDEX job_tags_listed ON job_tags (tag, type, status, priority, created_at, job_id);
CREATE INDEX job_tags_owned ON job_tags (tag, owner, type, status, priority, created_at, job_id)
    WHERE owner IS NOT NULL;
