-- Store a pending job that has no key. The id is made by the caller, so that asking again after a
-- lost answer finds the row instead of making a second one.
WITH stored AS (
    INSERT INTO jobs (
        id, type, priority, payload, max_attempts, due_at, tags,
        backoff, backoff_seconds, backoff_jitter, timeout_seconds, owner, callback_url
    )
    VALUES (
        %(id)s, %(type)s, %(priority)s, %(payload)s, %(max_attempts)s,
        greatest(now(), %(run_at)s::timestamptz) + make_interval(secs => %(delay)s),
        %(tags)s::text[],
        %(backoff)s, %(backoff_seconds)s, %(backoff_jitter)s, %(timeout_seconds)s, %(owner)s,
        %(callback_url)s
    )
    ON CONFLICT (id) DO NOTHING
    RETURNING *
), found AS (
    SELECT * FROM stored
    UNION ALL
    (SELECT * FROM jobs WHERE id = %(id)s)
    LIMIT 1
)
SELECT {job}
FROM found
