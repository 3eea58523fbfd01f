"""The engine on a Redis Cluster, which is all that ElastiCache Serverless offers."""

from __future__ import annotations

import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from redis import Redis

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


@contextmanager
def frozen(server: Cluster) -> Iterator[None]:
    """Let the server keep its connections and answer nothing."""
    process = server.process.find()
    assert process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_jobs_are_done(engine: Engine) -> None:
    done = [engine.submit(priority=priority) for priority in Priority for _ in range(20)]
    again = engine.submit("FAIL", {"times": 1})
    engine.drain()
    assert {engine.job(job_id).status for job_id in [*done, again]} == {Status.COMPLETED}
    assert not any(engine.client.zcard(key) for key in keys.QUEUES.values())


def test_a_cluster_that_forgot_everything_is_filled_again(engine: Engine) -> None:
    job_id = engine.submit()
    engine.client.flushall()
    engine.drain(scheduled=True)
    assert engine.job(job_id).status is Status.COMPLETED


def test_jobs_are_done_while_the_cluster_is_frozen(engine: Engine, redis_cluster: Cluster) -> None:
    with frozen(redis_cluster):
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


def connections(cluster: Cluster) -> set[int]:
    """The ids of those that the server has, other than the one that asks."""
    with Redis(port=cluster.port) as node:
        return {int(each["id"]) for each in node.client_list()} - {node.client_id()}


def test_a_client_that_is_closed_leaves_no_connection(
    redis_cluster: Cluster, redis_cluster_url: str
) -> None:
    before = connections(redis_cluster)
    with closing(connect(redis_cluster_url)) as client:
        client.ping()
        assert connections(redis_cluster) - before
    wait_until(lambda: not connections(redis_cluster) - before, "the server", seconds=30)
