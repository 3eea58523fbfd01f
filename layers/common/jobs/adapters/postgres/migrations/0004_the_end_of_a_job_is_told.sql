-- What is told of a job that has ended, to the address that it named.
CREATE FUNCTION callback_payload(job jobs) RETURNS json
LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'url', job.callback_url,
        'job', json_build_object(
            'id', job.id,
            'type', job.type,
            'status', job.status,
            'priority', job.priority,
            'attempts', job.attempts,
            'result', job.result,
            'error', job.error,
            'createdAt',
            to_char(job.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'updatedAt',
            to_char(job.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        )
    )
$$;
