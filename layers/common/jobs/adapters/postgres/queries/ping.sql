-- Answers only where the schema is, as it is after the latest migration.
SELECT 'ask_again()'::regprocedure
