-- Part of what ends jobs, where there is a bus: each that ended for good is told there by another.
    UNION ALL
    SELECT
        gen_random_uuid(), 'EVENT', (job).priority,
        json_build_object(
            'job', json_strip_nulls(json_build_object(
                'id', (job).id,
                'type', (job).type,
                'priority', (job).priority,
                'status', (job).status,
                'attempts', (job).attempts,
                'createdAt',
                to_char((job).created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'updatedAt',
                to_char((job).updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'tags', (job).tags,
                'error', (job).error
            ))
        ),
        8, (job).owner
    FROM ended
    WHERE (job).status <> 'pending'
      -- What tells is not told of.
      AND (job).type NOT IN ('CALLBACK', 'EVENT')
