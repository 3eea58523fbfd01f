-- Answers with a row only if the latest migration has been applied.
SELECT name
FROM schema_migrations
WHERE name = %(latest)s
