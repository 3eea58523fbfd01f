-- Part of what retries jobs.
        status = 'pending',
        attempts = 0,
        losses = 0,
        -- The row may still have been leased when the statement began, to wait for its end.
        lease_until = NULL,
        token = NULL,
        progress = NULL,
        progress_message = NULL,
        due_at = now(),
        updated_at = now()
