-- Part of the statements that end jobs: a job that ended for good and names a callback makes the
-- job that sends it.
    INSERT INTO jobs (id, type, priority, payload, max_attempts, owner)
    SELECT
        gen_random_uuid(), 'CALLBACK', (job).priority,
        json_build_object('url', (job).callback_url, 'job', {callback_job}),
        8, (job).owner
    FROM ended
    WHERE (job).callback_url IS NOT NULL AND (job).status <> 'pending'
    {outbox_events}
    RETURNING id, priority
