-- Let a queue go on.
UPDATE queues
SET paused_at = NULL
WHERE priority = %(priority)s
RETURNING priority, paused_at
