-- Seconds until the next open job may be taken; NULL when none is open.
SELECT extract(epoch FROM least(
    (SELECT min(due_at) FROM jobs WHERE status = 'pending' AND priority = 'high'),
    (SELECT min(due_at) FROM jobs WHERE status = 'pending' AND priority = 'default'),
    (SELECT min(lease_until) FROM jobs WHERE status = 'processing')
) - now())::float8
