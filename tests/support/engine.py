"""The engine put together for tests: the real rows and queues, and a waker that notes its calls.

One `Engine` is what one environment of the poller (or the API) has: its own connections, to be
used by one thread. `another()` is a second environment on the same database and Redis.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, Self
from uuid import UUID, uuid4

import psycopg2
import redis

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.keys import QUEUES
from jobs.adapters.redis.queue import Limits, RedisQueue
from jobs.core.best_effort import BestEffortQueue
from jobs.core.claim import Candidate, Claim
from jobs.core.control import Control
from jobs.core.job import Job, Priority
from jobs.core.job_type import JobContext, JobType
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.context import DrainResult, Invocation, WorkerConfig
from jobs.core.worker.drain import drain
from support.job_types import TEST_TYPES
from support.recording import RecordingLog, RecordingWaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore

FOREVER = 120.0
"""Seconds; more than any test takes."""


class Engine:
    """Rows, queues and a waker; `submit` as the API does, `drain` as the poller does."""

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        *,
        types: Mapping[str, JobType] = TEST_TYPES,
        limits: Limits | None = None,
        store: JobStore | None = None,
        queue: JobQueue | None = None,
        slots: int = 8,
        lease: float = 10.0,
        context: JobContext | None = None,
        events: bool = False,
    ) -> None:
        """The database has its schema already; `store` and `queue` stand in for the real ones."""
        self.database_url = database_url
        self.redis_url = redis_url
        self.connection = Connection(database_url)
        self.client = connect(redis_url)
        self.redis: Any = redis.Redis.from_url(redis_url)
        """For looking at the queues, and for spoiling them."""
        self.store: JobStore = store or PostgresStore(self.connection, events=events)
        self.queue: JobQueue = queue or RedisQueue(self.client, limits)
        self.waker = RecordingWaker()
        self.log = RecordingLog()
        self.config = WorkerConfig(
            self.store,
            self.queue,
            self.waker,
            types,
            context or JobContext(FakeObjects(), FakeMailer()),
            self.log,
            slots=slots,
            lease=lease,
        )
        self._limits = limits
        self._best_effort = BestEffortQueue(self.queue, self.log)
        self._publisher = Publisher(self._best_effort, self.waker)
        self._submit = Submit(
            store=self.store,
            publisher=self._publisher,
            types=types,
            callbacks=True,
        )
        self._aside = psycopg2.connect(database_url)
        self._aside.autocommit = True

    @classmethod
    def fresh(cls, database_url: str, redis_url: str, **more: Any) -> Self:
        """An engine on a database that may be empty."""
        migrate(database_url)
        return cls(database_url, redis_url, **more)

    def another(self, **changes: Any) -> Engine:
        """A second environment on the same database and Redis, for another thread."""
        mine = {
            "types": self.config.types,
            "limits": self._limits,
            "slots": self.config.slots,
            "lease": self.config.lease,
        }
        return Engine(self.database_url, self.redis_url, **(mine | changes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        self.client.close()
        self.redis.close()
        self._aside.close()

    # What clients do

    def submit(
        self,
        job_type: str = "NOOP",
        payload: Mapping[str, Any] | None = None,
        priority: Priority = Priority.DEFAULT,
        *,
        max_attempts: int = 3,
    ) -> UUID:
        """Submit a job as the API does, and return its id."""
        body = {
            "type": job_type,
            "payload": dict(payload or {}),
            "priority": priority.value,
            "maxAttempts": max_attempts,
        }
        return self._submit(body).job.id

    def submit_body(self, body: Mapping[str, Any]) -> UUID:
        """Submit what a client's body asks for, and return the job's id."""
        return self._submit(dict(body)).job.id

    def control(self) -> Control:
        """The use case that cancels and retries jobs."""
        return Control(store=self.store, queue=self._best_effort, publisher=self._publisher)

    def job(self, job_id: UUID) -> Job:
        job = self.store.get(job_id)
        assert job
        return job

    # What pollers do

    def drain(self, seconds: float = FOREVER, **more: Any) -> DrainResult:
        """Drain in an invocation that has `seconds`; `more` are fields of `Invocation`."""
        return drain(self.config, self.invocation(seconds, **more))

    def invocation(self, seconds: float = FOREVER, **more: Any) -> Invocation:
        deadline = time.monotonic() + seconds
        call = Invocation(str(uuid4()), lambda: deadline - time.monotonic())
        return replace(call, **more)

    def claim(self, *ids: UUID, alone: bool = False, lease: float = 30.0) -> list[Claim]:
        """Claim jobs in the store alone, as a worker does that will not come back."""
        found = [Candidate(job_id, self.job(job_id).priority, 0.0) for job_id in ids]
        result = self.store.claim(found, uuid4(), lease=lease, request_id="test", alone=alone)
        return list(result.claims)

    # Time that passes, and what is where

    def expire(self, *ids: UUID) -> None:
        """Let leases, or waits, end now: in the rows and in the queues."""
        self.sql(
            """
            UPDATE jobs SET
                lease_until = CASE WHEN status = 'processing' THEN now() END,
                due_at = least(due_at, now())
            WHERE id = ANY(%s::uuid[])
            """,
            [str(job_id) for job_id in ids],
        )
        for key in QUEUES.values():
            present = {str(job_id): 1 for job_id in ids if self.redis.zscore(key, str(job_id))}
            if present:
                self.redis.zadd(key, present, xx=True)

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement on a connection of its own, and return its rows."""
        with self._aside.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def row(self, job_id: UUID) -> tuple[Any, ...]:
        """Every column of the row, to be compared with itself."""
        [row] = self.sql("SELECT * FROM jobs WHERE id = %s", str(job_id))
        return row

    def statuses(self) -> dict[str, int]:
        """How many rows have which status."""
        return dict(self.sql("SELECT status, count(*) FROM jobs GROUP BY status"))

    def queued(self) -> dict[str, list[tuple[str, float]]]:
        """What is in the queues, by their keys: (member, score) in order."""
        return {
            key: [
                (member.decode(errors="replace"), score)
                for member, score in self.redis.zrange(key, 0, -1, withscores=True)
            ]
            for key in QUEUES.values()
        }


class MakeEngine(Protocol):
    """Makes engines as a test wants them; they are closed when it has ended."""

    def __call__(self, **more: Any) -> Engine: ...


@contextmanager
def draining(engines: Sequence[Engine], **invocation: Any) -> Iterator[list[DrainResult]]:
    """Drain with several environments at once, each in a thread; wait for them at the end.

    An error in one of them is raised at the end.
    """
    drained: list[DrainResult] = []
    errors: list[BaseException] = []

    def run(engine: Engine) -> None:
        try:
            drained.append(engine.drain(**invocation))
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    try:
        yield drained
    finally:
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
