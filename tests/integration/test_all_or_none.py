"""A batch whose keys others are taking at this very moment is stored whole, or not at all."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest

from jobs.adapters.postgres.connection import TRIES, Connection
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.errors import StoreUnavailable
from jobs.core.job import NewJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobs.adapters.postgres.connection import Row

TAKE = """
INSERT INTO jobs (id, type, payload, unique_key)
VALUES (gen_random_uuid(), 'OTHER', '{}', 'u')
RETURNING id::text
"""
END = "UPDATE jobs SET status = 'failed' WHERE type = 'OTHER'"
WAITS = "SELECT FROM pg_locks WHERE NOT granted AND pid = %s"


class Contested(Connection):
    """Before each of its first `times` statements another takes the unique key `u` anew; it commits
    once the statement waits for that. `taken` are the ids of the jobs that had the key."""

    def __init__(self, url: str, times: int) -> None:
        super().__init__(url)
        self.tries = 0
        self.taken: list[str] = []
        self._times = times

    def _run(self, query: str, values: Mapping[str, object], deadline: float) -> list[Row]:
        self.tries += 1
        if self.tries > self._times:
            return super()._run(query, values, deadline)
        waiter = self._open(deadline).info.backend_pid
        with self._another(waiter):
            return super()._run(query, values, deadline)

    @contextmanager
    def _another(self, waiter: int) -> Iterator[None]:
        with (
            closing(psycopg2.connect(self._url)) as holder,
            closing(psycopg2.connect(self._url)) as watcher,
        ):
            with holder.cursor() as cursor:
                cursor.execute(END)
                holder.commit()
                cursor.execute(TAKE)
                self.taken += [job_id for (job_id,) in cursor.fetchall()]

            answered = threading.Event()

            def commit() -> None:
                watcher.autocommit = True
                with watcher.cursor() as cursor:
                    cursor.execute(WAITS, (waiter,))
                    while cursor.rowcount == 0 and not answered.is_set():
                        time.sleep(0.001)
                        cursor.execute(WAITS, (waiter,))
                holder.commit()

            thread = threading.Thread(target=commit)
            thread.start()
            try:
                yield
            finally:
                answered.set()
                thread.join()


def batch() -> list[NewJob]:
    return [
        NewJob(uuid4(), "MINE", {}, tags=("t",)),
        NewJob(uuid4(), "MINE", {}, unique_key="u"),
        NewJob(uuid4(), "MINE", {}),
    ]


def stored(url: str) -> list[str]:
    with closing(psycopg2.connect(url)) as aside, aside.cursor() as cursor:
        cursor.execute("SELECT id::text FROM jobs WHERE type = 'MINE' ORDER BY id")
        return [job_id for (job_id,) in cursor.fetchall()]


@pytest.fixture
def url(database: str) -> str:
    with closing(psycopg2.connect(database)) as aside, aside, aside.cursor() as cursor:
        cursor.execute("TRUNCATE jobs CASCADE")
    return database


def test_a_batch_that_meets_another_with_its_key_is_asked_for_again(url: str) -> None:
    jobs = batch()
    with closing(Contested(url, 1)) as connection:
        found = [str(job.id) for job in PostgresStore(connection).insert_all(jobs)]
        assert connection.tries == 2
        assert found == [str(jobs[0].id), *connection.taken, str(jobs[2].id)]
    assert stored(url) == sorted(str(job.id) for job in (jobs[0], jobs[2]))


def test_of_a_batch_that_always_meets_another_nothing_is_stored(url: str) -> None:
    with closing(Contested(url, TRIES)) as connection, pytest.raises(StoreUnavailable):
        PostgresStore(connection).insert_all(batch())
    assert connection.tries == TRIES
    assert stored(url) == []


def test_a_job_that_always_meets_another_with_its_key_is_not_stored(url: str) -> None:
    [_, keyed, _] = batch()
    with closing(Contested(url, TRIES)) as connection, pytest.raises(StoreUnavailable):
        PostgresStore(connection).insert(keyed)
    assert stored(url) == []
