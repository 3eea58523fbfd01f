-- Claim what may be claimed of a batch of candidates, and say of every other one why not.
--
-- A row is claimed when it is pending and due by the clock of the database; the attempt is
-- counted here, before anything runs. A row that is being changed at this moment is
-- passed over ('busy'). Asked again with the same token, it answers as the first time.
--
-- The queues are held until the claim is made, so that a pause either waits for it or is seen by it:
-- no job of a queue is claimed once that is paused.
WITH candidate AS (
    SELECT id, priority, place
    FROM unnest(%(ids)s::uuid[], %(priorities)s::text[]) WITH ORDINALITY AS c (id, priority, place)
), open_queue AS (
    SELECT priority
    FROM queues
    WHERE priority = ANY (%(priorities)s::text[])
      AND paused_at IS NULL
    FOR SHARE
), ready AS (
    SELECT jobs.id
    FROM candidate
    JOIN jobs ON jobs.id = candidate.id AND jobs.priority = candidate.priority
    JOIN open_queue ON open_queue.priority = jobs.priority
    WHERE jobs.status = 'pending'
      AND jobs.due_at <= now()
      AND (jobs.losses = 0 OR %(alone)s)
    FOR UPDATE OF jobs SKIP LOCKED
), claimed AS (
    UPDATE jobs
    SET status = 'processing',
        attempts = attempts + 1,
        token = %(token)s,
        lease_until = now() + make_interval(secs => %(lease)s),
        started_at = now(),
        request_id = %(request_id)s,
        alone = %(alone)s,
        progress = NULL,
        progress_message = NULL,
        updated_at = now()
    FROM ready
    WHERE jobs.id = ready.id
    RETURNING jobs.id
), looked_at AS (
    -- By hash, for the whole batch: joined, each candidate would be compared with each claim.
    SELECT id, priority, place, id IN (SELECT id FROM claimed) AS claimed
    FROM candidate
)
SELECT
    candidate.id,
    candidate.priority AS queue,
    CASE
        WHEN candidate.claimed AND jobs.priority = candidate.priority THEN 'claimed'
        -- Claimed by its entry in the right queue: this one, in the wrong queue, is to go.
        WHEN candidate.claimed THEN 'over'
        WHEN jobs.id IS NULL OR jobs.status IN ('completed', 'failed', 'cancelled')
            THEN 'over'
        WHEN jobs.priority <> candidate.priority THEN 'misplaced'
        WHEN jobs.status = 'processing' AND jobs.token = %(token)s THEN 'claimed'
        WHEN jobs.status = 'processing' AND jobs.lease_until <= now() THEN 'lost'
        WHEN jobs.status = 'processing' THEN 'leased'
        WHEN jobs.priority NOT IN (SELECT priority FROM open_queue) THEN 'paused'
        WHEN jobs.due_at > now() THEN 'waiting'
        WHEN jobs.losses > 0 AND NOT %(alone)s THEN 'quarantined'
        ELSE 'busy'
    END AS finding,
    extract(epoch FROM coalesce(jobs.lease_until, jobs.due_at) - now())::float8 AS delay,
    jobs.priority,
    jobs.type,
    -- As text: one that cannot be read spoils its own job, and not the batch.
    CASE WHEN jobs.status IN ('pending', 'processing') THEN jobs.payload::text END AS payload,
    -- Of a job that is not over: what its attempts have done so far.
    CASE WHEN jobs.status IN ('pending', 'processing') THEN jobs.result END AS partial,
    -- This statement sees the row as it was before.
    jobs.attempts + candidate.claimed::integer AS attempt,
    jobs.max_attempts,
    jobs.token,
    jobs.alone,
    jobs.losses,
    jobs.timeout_seconds,
    jobs.backoff,
    jobs.backoff_seconds,
    jobs.backoff_jitter
FROM looked_at AS candidate
LEFT JOIN jobs ON jobs.id = candidate.id
ORDER BY candidate.place
