"""What a bench starts from: rows that wait, their entries in the queue, and the arguments."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg2

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.queue import RedisQueue
from jobs.core.claim import Entry
from jobs.core.job import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = 1000
"""Entries published in one go."""


def arguments(what: str, given: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments that every bench takes."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--jobs", type=int, default=20_000, help="how many jobs wait")
    parser.add_argument("--type", default="NOOP", help="a job type of tests/support/job_types.py")
    parser.add_argument("--batch", type=int, default=200, help="most claims in hand")
    return parser.parse_args(given)


class Backlog:
    """The rows and the queue of one database and one Redis, both emptied and filled here."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        migrate(database_url)
        self.url = database_url
        self.store = PostgresStore(Connection(database_url, timeout=60))
        self.client = connect(redis_url)
        self.queue = RedisQueue(self.client)

    def fill(self, jobs: int, kind: str) -> None:
        """Let `jobs` jobs of one type wait, and nothing else."""
        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE jobs CASCADE")
            cursor.execute(
                "INSERT INTO jobs (id, type, payload)"
                " SELECT gen_random_uuid(), %s, '{}' FROM generate_series(1, %s) RETURNING id",
                (kind, jobs),
            )
            ids = [UUID(job_id) for (job_id,) in cursor.fetchall()]
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute("VACUUM ANALYZE jobs")
        self.client.flushall()
        for at in range(0, jobs, PAGE):
            page = ids[at : at + PAGE]
            self.queue.publish([Entry(job_id, Priority.DEFAULT) for job_id in page])
        self.queue.mark_complete()

    def milliseconds(self) -> tuple[float, float]:
        """Median and 99th percentile of the time from a job's claim to its recorded end."""
        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP"
                " (ORDER BY extract(epoch FROM ended_at - started_at) * 1000) FROM job_attempts"
            )
            [([half, most],)] = cursor.fetchall()
        return round(half, 3), round(most, 3)
