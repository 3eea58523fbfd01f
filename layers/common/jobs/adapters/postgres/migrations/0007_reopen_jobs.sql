-- Gives a failed job all its attempts again; answers with its row, or with none if it has not failed,
-- or if another job has its unique key. That the other may be stored at the same moment is expected:
-- the index alone sees it then, and its error is caught here, so that no statement fails.
CREATE FUNCTION reopen_job(job_id uuid) RETURNS SETOF jobs
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    UPDATE jobs
    SET status = 'pending',
        attempts = 0,
        losses = 0,
        -- The row may still have been leased when the statement began, to wait for its end.
        lease_until = NULL,
        token = NULL,
        progress = NULL,
        progress_message = NULL,
        due_at = now(),
        updated_at = now()
    WHERE id = job_id
      AND status = 'failed'
    RETURNING jobs.*;
EXCEPTION
    WHEN unique_violation THEN
        RETURN;
END
$$;

-- Statements that meet others at the same moment answer with rows that say so.
DROP FUNCTION raise_retryable_conflict();
