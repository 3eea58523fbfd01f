-- Answers only where the schema is.
SELECT FROM jobs LIMIT 0
