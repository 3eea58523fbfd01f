-- Undoes the statement that calls it; the caller sends it again. The statement needs a row that
-- another one has stored since it began, and the next try sees that row.
CREATE FUNCTION raise_retryable_conflict() RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'another statement stored the same job at this moment'
        USING ERRCODE = 'serialization_failure';
END
$$;
