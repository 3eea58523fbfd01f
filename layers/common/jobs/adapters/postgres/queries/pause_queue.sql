-- Pause a queue, once the claims that are being made have been made; one that is paused stays so
-- since it was.
UPDATE queues
SET paused_at = coalesce(paused_at, now())
WHERE priority = %(priority)s
RETURNING priority, paused_at
