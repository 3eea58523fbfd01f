-- Fails where there is no room on the disk for a quarter of a megabyte: that much is sorted in a temporary
-- file, which is gone when the answer comes. Nothing else is written.
CREATE FUNCTION check_disk() RETURNS bigint
LANGUAGE sql VOLATILE
SET work_mem = '64kB'
AS $$
    SELECT count(line)
    FROM (
        -- The lines themselves are asked for: of a sort that only orders, no more than keys is written.
        SELECT lag(line) OVER (ORDER BY line) AS line
        FROM (
            SELECT md5(n::text) || repeat('x', 1000) AS line
            FROM generate_series(1, 256) AS n
        ) AS made
    ) AS sorted
$$;
