-- Part of what ends jobs: each that ended for good and names a callback makes the job that tells it.
    INSERT INTO jobs (id, type, priority, payload, max_attempts, owner)
    SELECT
        gen_random_uuid(), 'CALLBACK', (job).priority, callback_payload(job), 8, (job).owner
    FROM ended
    WHERE (job).callback_url IS NOT NULL AND (job).status <> 'pending'
    {event}
    RETURNING id, priority
