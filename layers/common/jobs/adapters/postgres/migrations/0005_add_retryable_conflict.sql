-- Undoes the statement that calls it, which is to be sent again: it needs a row that another has
-- stored since it began, and which the next try sees.
CREATE FUNCTION raise_retryable_conflict() RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'another has stored at this moment what is asked for'
        USING ERRCODE = 'serialization_failure';
END
$$;
