-- The queues, and since when each is paused (NULL: it is not). The rows are there from the start,
-- so that a claim has something to hold on to while somebody pauses.
CREATE TABLE queues (
    priority  text PRIMARY KEY CHECK (priority IN ('high', 'default')),
    paused_at timestamptz
);
INSERT INTO queues (priority) VALUES ('high'), ('default');
