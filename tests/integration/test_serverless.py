"""The engine on what ElastiCache Serverless takes: reconcile, resume and all the rest."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ResponseError

from jobs.adapters.redis import keys
from jobs.adapters.redis.client import connect
from jobs.core.job import Priority, Status
from jobs.core.queues import Queues
from jobs.core.reconcile import BATCH_ROWS
from support.engine import Engine
from support.serverless import MAX_ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.serverless import Serverless


@pytest.fixture
def engine(database: str, serverless_url: str) -> Iterator[Engine]:
    with closing(Engine(database, serverless_url)) as engine:
        engine.sql("TRUNCATE jobs CASCADE; UPDATE queues SET paused_at = NULL")
        yield engine


def insert(engine: Engine, priority: Priority, number: int) -> None:
    """Rows that no queue has an entry of."""
    engine.sql(
        """
        INSERT INTO jobs (id, type, priority, payload)
        SELECT gen_random_uuid(), 'NOOP', %s, '{}' FROM generate_series(1, %s)
        """,
        priority.value,
        number,
    )


def queued(engine: Engine) -> int:
    return sum(engine.client.zcard(key) for key in keys.QUEUES.values())


@pytest.mark.parametrize(
    "command",
    [
        ("KEYS", "*"),
        ("SELECT", "1"),
        ("PSUBSCRIBE", "*"),
        ("CONFIG", "GET", "*"),
        ("MSET", *["{jobs}:test", "1"] * (MAX_ARGUMENTS // 2 + 1)),
    ],
)
def test_what_serverless_does_not_take_is_refused_here(
    serverless: Serverless, command: tuple[str, ...]
) -> None:
    client: Any = connect(serverless.url())
    with closing(client), pytest.raises(ResponseError, match=r"not supported|more than 3999"):
        client.execute_command(*command, target_nodes=client.get_random_node())
    serverless.refused.clear()


def test_jobs_are_done(engine: Engine) -> None:
    done = [engine.submit(priority=priority) for priority in Priority for _ in range(20)]
    again = engine.submit("FAIL", {"times": 1})
    engine.drain()
    assert {engine.job(job_id).status for job_id in [*done, again]} == {Status.COMPLETED}
    assert queued(engine) == 0


def test_the_largest_reconcile_reaches_the_queues(engine: Engine) -> None:
    for priority in Priority:
        insert(engine, priority, BATCH_ROWS + 1)
    engine.sql("UPDATE queues SET paused_at = NULL")
    engine.drain(seconds=2.5, scheduled=True)
    assert sum(each["entries"] for each in engine.log.of("queue.repaired")) >= 2 * BATCH_ROWS
    assert engine.log.of("queue.unavailable") == []


def test_a_resume_reaches_every_job_that_waits(engine: Engine) -> None:
    queues = Queues(store=engine.store, queue=engine.queue, waker=engine.waker, log=engine.log)
    queues.pause("default")
    insert(engine, Priority.DEFAULT, 5_065)
    queues.resume("default")
    assert queued(engine) == 5_065
    assert len(engine.waker.wakes) == 1
    assert engine.log.of("queue.update_skipped") == []
