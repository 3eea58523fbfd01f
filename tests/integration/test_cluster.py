"""The engine on a cluster of three nodes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.adapters.redis import keys
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.queue import RedisQueue
from jobs.core.claim import Entry
from jobs.core.errors import QueueUnavailable
from jobs.core.job import Priority, Status
from stack.ports import free_port
from stack.waiting import wait_until
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster


@pytest.fixture
def engine(database: str, redis_cluster_url: str) -> Iterator[Engine]:
    with closing(Engine(database, redis_cluster_url)) as engine:
        engine.sql("TRUNCATE jobs CASCADE")
        yield engine


def test_jobs_are_done(engine: Engine) -> None:
    done = [engine.submit(priority=priority) for priority in Priority for _ in range(20)]
    again = engine.submit("FAIL", {"times": 1})
    engine.drain()
    assert {engine.job(job_id).status for job_id in [*done, again]} == {Status.COMPLETED}
    assert not any(engine.client.zcard(key) for key in keys.QUEUES.values())


def test_queues_are_found_on_another_node_than_the_first(
    engine: Engine, redis_cluster: Cluster
) -> None:
    engine.submit()
    assert redis_cluster.owner() is not redis_cluster.nodes[0]
    with redis_cluster.owner().client() as owner:
        assert owner.zcard(keys.QUEUES[Priority.DEFAULT]) == 1


def test_queues_are_followed_to_the_node_that_they_move_to(
    engine: Engine, redis_cluster: Cluster
) -> None:
    engine.drain()
    engine.client.flushall()
    before = redis_cluster.owner()
    after = next(node for node in redis_cluster.nodes[1:] if node is not before)
    redis_cluster.move(after)
    job_id = engine.submit()
    assert redis_cluster.owner() is after
    engine.drain()
    assert engine.job(job_id).status is Status.COMPLETED
    assert engine.log.of("queue.unavailable") == []


def test_a_cluster_that_forgot_everything_is_filled_again(engine: Engine) -> None:
    job_id = engine.submit()
    engine.client.flushall()
    engine.drain(scheduled=True)
    assert engine.job(job_id).status is Status.COMPLETED


def test_jobs_are_done_while_the_cluster_is_frozen(engine: Engine, redis_cluster: Cluster) -> None:
    with redis_cluster.frozen():
        job_id = engine.submit()
        engine.drain()
    assert engine.job(job_id).status is Status.COMPLETED


def test_a_cluster_that_is_not_there_is_an_answer_and_not_the_end() -> None:
    queue = RedisQueue(connect(f"redis://127.0.0.1:{free_port()}/0?cluster=true"))
    with pytest.raises(QueueUnavailable):
        queue.ping()
    with pytest.raises(QueueUnavailable):
        queue.publish([Entry(uuid4(), Priority.HIGH)])


def test_all_keys_are_in_one_slot(redis_cluster_url: str) -> None:
    names = {value for name, value in vars(keys).items() if name.isupper() and value is str(value)}
    names |= set(keys.QUEUES.values())
    client: Any = connect(redis_cluster_url)
    with closing(client):
        slots = {client.execute_command("CLUSTER KEYSLOT", name) for name in names}
    assert len(slots) == 1


def connections(cluster: Cluster) -> set[tuple[int, int]]:
    """Those that the nodes have, other than the ones that ask: port of the node, id."""
    found = set()
    for node in cluster.nodes:
        with node.client() as client:
            ids = {int(each["id"]) for each in client.client_list()} - {client.client_id()}
        found |= {(node.port, each) for each in ids}
    return found


def test_a_client_that_is_closed_leaves_no_connection(
    redis_cluster: Cluster, redis_cluster_url: str
) -> None:
    before = connections(redis_cluster)
    with closing(connect(redis_cluster_url)) as client:
        client.ping()
        assert connections(redis_cluster) - before
    wait_until(lambda: not connections(redis_cluster) - before, "the nodes", seconds=30)
