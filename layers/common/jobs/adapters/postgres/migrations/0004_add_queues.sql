-- The queues, and since when each is paused (NULL: it is not). The rows are there from the start,
-- so that a claim can lock them, and a pause waits for it.
CREATE TABLE queues (
    priority  text PRIMARY KEY CHECK (priority IN ('high', 'default')),
    paused_at timestamptz
);
INSERT INTO queues (priority) VALUES ('high'), ('default');
