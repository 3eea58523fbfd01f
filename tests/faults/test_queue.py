"""A Redis that fails over, hangs in the middle of a drain, or is gone together with a poller."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from redis import Redis as Client

from faults.kit.proxy import behind, proxied, through
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.redis.keys import QUEUES
from jobs.core.job import Priority
from stack.ports import free_port
from stack.servers.redis import Redis
from stack.waiting import wait_until
from support.engine import Engine, draining
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from faults.conftest import MakeWorld

ENTRIES = QUEUES[Priority.DEFAULT]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Redis, Redis]]:
    """Two servers that do not know each other yet."""
    pair = Redis(tmp_path / "first", free_port()), Redis(tmp_path / "second", free_port())
    for server in pair:
        server.start()
    yield pair
    for server in pair:
        server.kill()


def test_a_failover_that_forgets_the_latest_entries_costs_no_job(
    postgres_url: str, servers: tuple[Redis, Redis]
) -> None:
    """The replica becomes the master before it has heard of most of what was published."""
    migrate(postgres_url)
    first, second = servers
    replica: Any
    with (
        behind(first.url()) as way,
        proxied(first.port) as replication,
        Client.from_url(second.url()) as replica,
        closing(Engine(postgres_url, through(way, first.url()))) as engine,
    ):
        replica.replicaof("127.0.0.1", replication.port)
        engine.drain(scheduled=True)  # so that the queues are known to be complete
        for _ in range(20):
            engine.submit("NOOP")
        wait_until(lambda: replica.zcard(ENTRIES) == 20, "the replica", seconds=30)
        replication.blackhole()
        for _ in range(60):
            engine.submit("NOOP", priority=Priority.DEFAULT)
        first.kill()
        replica.replicaof("NO", "ONE")
        replication.cut()
        way.target = second.port
        way.cut()
        assert replica.zcard(ENTRIES) == 20

        engine.drain(scheduled=True)
    with closing(Engine(postgres_url, second.url())) as after:
        assert after.statuses() == {"completed": 80}
        assert after.sql("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_a_queue_that_hangs_in_the_middle_of_a_drain_stops_nothing(
    postgres_url: str, redis_url: str
) -> None:
    migrate(postgres_url)
    runs: list[object] = []
    types = TEST_TYPES | {"NOTE": calling("NOTE", lambda claim: runs.append(claim.id))}
    with behind(redis_url) as proxy, closing(Engine(postgres_url, redis_url, types=types)) as aside:
        ids = [aside.submit("NOTE") for _ in range(200)]
        with closing(Engine(postgres_url, through(proxy, redis_url), types=types)) as engine:
            with draining([engine]):
                wait_until(lambda: len(runs) > 20, "work", seconds=30, every=0.001)
                proxy.blackhole()
            proxy.flow()
            assert engine.log.of("queue.unavailable")
        assert aside.statuses() == {"completed": len(ids)}
        assert sorted(map(str, runs)) == sorted(map(str, ids))


@pytest.mark.faults
def test_a_poller_that_dies_while_there_is_no_queue_leaves_its_work_to_the_schedule(
    make_world: MakeWorld,
) -> None:
    """Nobody knows of its leases but the rows."""
    world = make_world(queue_at=f"redis://127.0.0.1:{free_port()}")
    ids = [world.post("EFFECT", {"seconds": 1}) for _ in range(8)]
    wait_until(lambda: any(world.job(each)["attempts"] for each in ids), "work", seconds=30)
    for poller in world.cloud.busy:
        poller.signal(signal.SIGKILL)
    world.cloud.tick_every(2)
    world.settle()
    counts = world.judge()
    assert counts["completed"] == len(ids)
    assert counts["duplicates"] <= counts["lost_attempts"]


@pytest.fixture
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    migrate(postgres_url)
    with closing(Engine(postgres_url, redis_url)) as engine:
        yield engine


def test_entries_that_are_no_jobs_are_removed_and_stop_nobody(engine: Engine) -> None:
    strange = [b"x", b"\xff\x00binary", str(uuid4()).upper().encode(), b"x" * 10_000_000]
    unknown = [str(uuid4()).encode() for _ in range(1000)]
    for priority in Priority:
        engine.redis.zadd(QUEUES[priority], dict.fromkeys([*strange, *unknown], 1))
    ids = [engine.submit("NOOP", priority=each) for each in [*Priority] * 5]
    engine.drain()
    assert engine.statuses() == {"completed": len(ids)}
    assert not any(engine.queued().values())


def test_entries_in_the_wrong_queue_are_moved_and_priority_is_the_rows(engine: Engine) -> None:
    low = [engine.submit("SLEEP", {"seconds": 0}) for _ in range(10)]
    high = [engine.submit("SLEEP", {"seconds": 0}, Priority.HIGH) for _ in range(10)]
    for each in high:
        score = engine.redis.zscore(QUEUES[Priority.HIGH], str(each))
        engine.redis.zrem(QUEUES[Priority.HIGH], str(each))
        engine.redis.zadd(QUEUES[Priority.DEFAULT], {str(each): score})  # behind all others
    engine.drain(scheduled=True)
    assert {*engine.log.started()[:10]} == {*high}
    assert engine.statuses() == {"completed": len(low + high)}
    assert not any(engine.queued().values())


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda redis: redis.set(ENTRIES, "x"), id="a queue of the wrong type"),
        pytest.param(lambda redis: redis.set("{jobs}:pollers", "x"), id="a register likewise"),
        pytest.param(lambda redis: redis.config_set("maxmemory", "1"), id="no memory left"),
        pytest.param(lambda redis: redis.replicaof("127.0.0.1", 1), id="a replica"),
    ],
)
def test_a_queue_that_refuses_is_done_without(
    engine: Engine, spoil: Callable[[Any], object]
) -> None:
    """High before default, straight from the rows."""
    low = [engine.submit("NOOP") for _ in range(10)]
    high = [engine.submit("NOOP", priority=Priority.HIGH) for _ in range(10)]
    try:
        spoil(engine.redis)
        engine.drain()
        assert {*engine.log.started()[:10]} == {*high}
        assert engine.statuses() == {"completed": len(low + high)}
        assert engine.log.of("queue.unavailable")
    finally:
        engine.redis.config_set("maxmemory", "0")
        engine.redis.replicaof("NO", "ONE")


def test_what_was_taken_and_never_claimed_is_taken_again(engine: Engine) -> None:
    ids = [engine.submit("NOOP") for _ in range(10)]
    engine.queue.take("one that dies", limit=100, lease=0.5, priorities=tuple(Priority))
    engine.drain(wait_for_leases=True)
    assert engine.statuses() == {"completed": len(ids)}
    assert engine.sql("SELECT DISTINCT attempts FROM jobs") == [(1,)]


def test_nothing_is_started_that_cannot_end_in_time(postgres_url: str, redis_url: str) -> None:
    migrate(postgres_url)
    types = TEST_TYPES | {"LONG": calling("LONG", lambda _: time.sleep(0.5), max_seconds=2.0)}
    with closing(Engine(postgres_url, redis_url, types=types, slots=2)) as engine:
        ids = [engine.submit("LONG") for _ in range(12)]
        engine.drain(seconds=5.5)
        done = engine.statuses()["completed"]
        assert 0 < done < len(ids)
        assert engine.waker.wakes[-1].hop == 1, "another poller is asked to go on"
        rest = engine.sql("SELECT DISTINCT status, attempts FROM jobs WHERE status <> 'completed'")
        assert rest == [("pending", 0)]
        engine.drain()
        assert engine.sql("SELECT DISTINCT status, attempts, losses FROM jobs") == [
            ("completed", 1, 0)
        ]
