-- Answers only where the schema is, as it is after the latest migration.
SELECT FROM queues LIMIT 0
