-- What went wrong, each as a count that has to be 0; then what is worth knowing.
WITH claim AS (
    SELECT job_id, new_token AS token, worker
    FROM test.history
    WHERE was = 'pending' AND became = 'processing'
), left_processing AS (
    SELECT history.*, claim.worker AS holder
    FROM test.history
    JOIN claim ON claim.job_id = history.job_id AND claim.token = history.old_token
    WHERE history.was = 'processing'
      AND (history.became <> 'processing' OR history.new_token IS DISTINCT FROM history.old_token)
), effect AS (
    SELECT job_id, count(*) AS n FROM test.effects GROUP BY job_id
)
SELECT
    (SELECT count(*) FROM test.accepted WHERE id NOT IN (SELECT id FROM jobs)) AS lost,
    (SELECT count(*) FROM jobs WHERE status IN ('pending', 'processing')) AS stranded,
    (SELECT count(*) FROM test.history WHERE was IN ('completed', 'failed')) AS left_terminal,
    (
        SELECT count(*) FROM test.history
        WHERE live AND became = 'processing' AND new_token IS DISTINCT FROM old_token
    ) AS live_taken,
    (
        SELECT count(*) FROM left_processing
        WHERE live AND worker IS DISTINCT FROM holder
    ) AS live_ended_by_other,
    (
        SELECT count(*) FROM jobs
        WHERE status = 'completed' AND type = ANY (%(with_token)s)
          AND NOT EXISTS (
              SELECT FROM test.effects
              WHERE effects.job_id = jobs.id AND effects.token = jobs.token
          )
    ) + (
        SELECT count(*) FROM jobs
        WHERE status = 'completed' AND type = ANY (%(without_token)s)
          AND id NOT IN (SELECT job_id FROM test.effects)
    ) AS no_effect,
    (SELECT count(*) FROM test.history WHERE attempts > most) AS over,
    (SELECT count(*) FROM test.effects WHERE job_id NOT IN (SELECT id FROM jobs)) AS unknown_effect,
    (
        SELECT coalesce(sum(n - 1), 0) FROM (
            SELECT count(*) AS n FROM test.effects WHERE token IS NOT NULL
            GROUP BY job_id, token
        ) AS run
    ) AS twice_in_one_run,
    (SELECT count(*) FROM test.accepted) AS accepted,
    (SELECT count(*) FROM jobs) AS stored,
    (SELECT count(*) FROM jobs WHERE status = 'completed') AS completed,
    (SELECT count(*) FROM jobs WHERE status = 'failed') AS failed,
    (SELECT coalesce(sum(n - 1), 0) FROM effect) AS duplicates,
    (SELECT count(*) FROM job_attempts WHERE outcome IN ('lost', 'unknown')) AS lost_attempts
