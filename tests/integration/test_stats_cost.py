"""To count what is open costs nothing for what has ended."""

from __future__ import annotations

from contextlib import closing

import psycopg2

from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from support.explained import Explained

DONE, OPEN = 50_000, 10_000

FILL = """
INSERT INTO jobs (id, type, status, priority, payload, attempts)
SELECT gen_random_uuid(), 'NOOP',
    CASE WHEN n %% 6 = 0 THEN 'pending' ELSE 'completed' END,
    CASE WHEN n %% 4 = 0 THEN 'high' ELSE 'default' END, '{"n": 1}', 1
FROM generate_series(1, %s) AS n
"""


def test_what_has_ended_is_not_looked_at(postgres_url: str) -> None:
    migrate(postgres_url)
    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(FILL, [DONE + OPEN])
        cursor.execute("VACUUM ANALYZE jobs")
    with closing(Explained(postgres_url)) as asked:
        high, default = PostgresStore(asked).queue_stats()
        assert high.ready + default.ready == OPEN
        cost = asked.costs["count_open_jobs"]
    assert cost.scans <= {"queues"}
    assert cost.indexes == {"jobs_pending", "jobs_leased"}
