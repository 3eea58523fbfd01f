SELECT priority, paused_at
FROM queues
