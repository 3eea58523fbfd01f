"""Stores and queues for the behavioural suites, each with a way to let time go by."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2
import pytest

from fakes.clock import FakeClock
from fakes.poll_slots import FakePollSlots
from fakes.queue import FakeQueue
from fakes.store import FakeStore
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis import client, keys
from jobs.adapters.redis.poll_slots import RedisPollSlots
from jobs.adapters.redis.queue import Limits, RedisQueue
from support.queues import POLLERS, REGISTERED, SHARE, WAKING, Queues
from support.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.ports.queue import PollSlots

# What happened moves into the past, which is as good as waiting.
ADVANCE_ROWS = """
WITH shift AS (SELECT make_interval(secs => %(seconds)s) AS by),
tags AS (
    UPDATE job_tags
    SET created_at = created_at - by
    FROM shift
),
attempts AS (
    UPDATE job_attempts
    SET started_at = started_at - by, ended_at = ended_at - by
    FROM shift
)
UPDATE jobs
SET due_at = due_at - by,
    lease_until = lease_until - by,
    started_at = started_at - by,
    ended_at = ended_at - by,
    created_at = created_at - by,
    updated_at = updated_at - by,
    idempotent_until = idempotent_until - by,
    unique_until = unique_until - by
FROM shift
"""

ADVANCE_ENTRIES = """
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('ZINCRBY', KEYS[1], -ARGV[1], member)
end
"""


@pytest.fixture(params=["fake", "postgres"])
def rows(request: pytest.FixtureRequest) -> Rows:
    found: Rows = request.getfixturevalue(f"{request.param}_rows")
    return found


@pytest.fixture(params=["fake", "postgres"])
def telling_rows(request: pytest.FixtureRequest) -> Rows:
    """Those of a deployment with a bus."""
    found: Rows = request.getfixturevalue(f"{request.param}_telling_rows")
    return found


@pytest.fixture
def fake_rows() -> Rows:
    return _fake_rows(events=False)


@pytest.fixture
def fake_telling_rows() -> Rows:
    return _fake_rows(events=True)


def _fake_rows(*, events: bool) -> Rows:
    clock = FakeClock()
    return Rows(FakeStore(clock, events=events), clock.advance)


@pytest.fixture(scope="module")
def migrated_url(module_postgres_url: str) -> str:
    migrate(module_postgres_url)
    return module_postgres_url


@pytest.fixture
def postgres_rows(migrated_url: str) -> Iterator[Rows]:
    yield from _postgres_rows(migrated_url, events=False)


@pytest.fixture
def postgres_telling_rows(migrated_url: str) -> Iterator[Rows]:
    yield from _postgres_rows(migrated_url, events=True)


def _postgres_rows(url: str, *, events: bool) -> Iterator[Rows]:
    with (
        closing(psycopg2.connect(url)) as aside,
        closing(Connection(url)) as connection,
        aside.cursor() as cursor,
    ):
        aside.autocommit = True
        cursor.execute("TRUNCATE jobs CASCADE")
        cursor.execute("UPDATE queues SET paused_at = NULL")
        yield Rows(
            PostgresStore(connection, events=events),
            lambda seconds: cursor.execute(ADVANCE_ROWS, {"seconds": seconds}),
        )


@pytest.fixture(params=["fake", "redis", "cluster", "serverless"])
def queues(request: pytest.FixtureRequest) -> Queues:
    found: Queues = request.getfixturevalue(f"{request.param}_queues")
    return found


@pytest.fixture
def fake_queues() -> Queues:
    clock = FakeClock()
    queue = FakeQueue(clock, pollers=POLLERS, share=SHARE, registered=REGISTERED, waking=WAKING)
    return Queues(queue, clock.advance, queue.flush)


@pytest.fixture
def redis_queues(redis_url: str) -> Iterator[Queues]:
    yield from _real_queues(redis_url)


@pytest.fixture
def cluster_queues(redis_cluster_url: str) -> Iterator[Queues]:
    yield from _real_queues(redis_cluster_url)


@pytest.fixture
def serverless_queues(serverless_url: str) -> Iterator[Queues]:
    yield from _real_queues(serverless_url)


@dataclass(frozen=True)
class Polls:
    """Two slots for waiting requests, and a way to let time go by."""

    slots: PollSlots
    advance: Callable[[float], None]


@pytest.fixture(params=["fake", "redis", "cluster"])
def polls(request: pytest.FixtureRequest) -> Iterator[Polls]:
    if request.param == "fake":
        clock = FakeClock()
        yield Polls(FakePollSlots(clock, most=2), clock.advance)
        return
    name = "redis_url" if request.param == "redis" else "redis_cluster_url"
    with closing(client.connect(request.getfixturevalue(name))) as redis:

        def advance(seconds: float) -> None:
            redis.eval(ADVANCE_ENTRIES, 1, keys.POLLS, str(seconds * 1000))

        yield Polls(RedisPollSlots(redis, 2), advance)


def _real_queues(url: str) -> Iterator[Queues]:
    with closing(client.connect(url)) as redis:

        def advance(seconds: float) -> None:
            for key in (*keys.QUEUES.values(), keys.POLLERS):
                redis.eval(ADVANCE_ENTRIES, 1, key, str(seconds * 1000))
            if left := redis.pttl(keys.WAKING):
                redis.pexpire(keys.WAKING, max(0, int(left) - round(seconds * 1000)))

        limits = Limits(POLLERS, SHARE, REGISTERED, WAKING)
        yield Queues(RedisQueue(redis, limits), advance, redis.flushall)
