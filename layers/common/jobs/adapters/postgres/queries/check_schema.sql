-- Answers with a row only if the latest migration has been applied; then, whether a job could be
-- written now.
SELECT
    pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
    has_table_privilege('jobs', 'INSERT') AND has_table_privilege('jobs', 'UPDATE') AS may_write,
    check_disk()
FROM schema_migrations
WHERE name = %(latest)s
