"""A Redis that fails over, hangs in the middle of a drain, or is gone together with a poller."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis as Client

from faults.kit.proxy import behind, proxied, through
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.redis.keys import QUEUES
from jobs.core.model import Priority
from stack.ports import free_port
from stack.servers.redis import Redis
from stack.waiting import wait_until
from support.engine import Engine, draining
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from collections.abc import Iterator
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
            assert engine.log.of("queue.away")
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
