-- Part of the outbox where there is an event bus: each job that ended for good makes the job that
-- puts its end there.
    UNION ALL
    SELECT
        gen_random_uuid(), 'EVENT', (job).priority,
        json_build_object('job', json_strip_nulls({event_job})),
        8, (job).owner
    FROM ended
    WHERE (job).status <> 'pending'
      -- Notification jobs do not emit notifications themselves.
      AND (job).type NOT IN ('CALLBACK', 'EVENT')
