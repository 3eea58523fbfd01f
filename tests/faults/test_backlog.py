"""A million jobs wait, and no step of the protocol touches more of them than with a thousand.

Counted are blocks that PostgreSQL reads and commands that Redis runs, not seconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest
import redis

from jobs.adapters.postgres.store import QUERIES
from jobs.core.model import Priority
from jobs.core.ports import Entry
from jobs.core.reconcile import BATCH
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.servers.redis import Redis

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

FEW, MANY = 1_000, 1_000_000
HAND = 50
"""Jobs in one batch."""

GROWTH = 3
"""Times as many blocks as with few jobs that a statement may touch: an index gets deeper, and its
leaves are spread. A scan would touch a thousand times as many."""

Plan = dict[str, Any]


@pytest.fixture(scope="module")
def backlog(module_postgres_url: str, redis_server: Redis) -> Iterator[Engine]:
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
    with Engine.fresh(module_postgres_url, redis_server.url()) as engine:
        yield engine


@pytest.fixture(scope="module")
def plans(backlog: Engine) -> dict[str, tuple[Plan, Plan]]:
    """For each query its plan with few and with many jobs waiting."""
    few = _plans(backlog, FEW)
    return {name: (few[name], plan) for name, plan in _plans(backlog, MANY).items()}


QUERY_NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.mark.parametrize("name", QUERY_NAMES)
def test_no_statement_scans_the_jobs(name: str, plans: dict[str, tuple[Plan, Plan]]) -> None:
    scans = [node for node in _nodes(plans[name][1]) if _scans_a_table(node)]
    assert not scans, scans


@pytest.mark.parametrize("name", QUERY_NAMES)
def test_no_statement_touches_more_with_many(
    name: str, plans: dict[str, tuple[Plan, Plan]]
) -> None:
    few, many = map(_blocks, plans[name])
    assert many <= GROWTH * few + 50, f"{few} blocks with {FEW:,} jobs, {many} with {MANY:,}"


@pytest.mark.parametrize(
    ("name", "index"),
    [("due", "jobs_pending"), ("open_entries", "jobs_pending"), ("next_due", "jobs_pending")],
)
def test_what_is_due_is_found_by_the_index_of_what_is_pending(
    name: str, index: str, plans: dict[str, tuple[Plan, Plan]]
) -> None:
    assert index in {node.get("Index Name") for node in _nodes(plans[name][1])}


def test_a_take_runs_as_many_commands_for_many_as_for_few(backlog: Engine) -> None:
    def commands(jobs: int) -> int:
        backlog.redis.flushall()
        ids = [uuid4() for _ in range(jobs)]
        for at in range(0, jobs, 1000):
            backlog.queue.publish([Entry(each, Priority.DEFAULT) for each in ids[at : at + 1000]])
        backlog.redis.config_resetstat()
        assert len(backlog.queue.take("p", limit=HAND, lease=10, priorities=(*Priority,)).hints)
        stats = backlog.redis.info("commandstats")
        return sum(each["calls"] for each in stats.values())

    # With many it is also noted that another poller is to be woken.
    assert commands(MANY // 10) <= commands(FEW) + 2


def test_a_high_job_posted_now_is_the_next_to_start(
    backlog: Engine, plans: dict[str, tuple[Plan, Plan]]
) -> None:
    """Even though Redis has forgotten everything, and can be told of a part at a time only."""
    assert plans
    backlog.redis.flushall()
    posted = backlog.submit(priority=Priority.HIGH)
    backlog.drain(seconds=60, scheduled=True, stopping=lambda: len(backlog.log.started()) > HAND)
    assert backlog.log.started()[0] == posted
    assert backlog.redis.zcard("{jobs}:default") <= 2 * BATCH + HAND


def _plans(backlog: Engine, jobs: int) -> dict[str, Plan]:
    ids = _fill(backlog, jobs)
    with psycopg2.connect(backlog.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, token FROM jobs WHERE status = 'processing' LIMIT %s", (HAND,))
        held = cursor.fetchall()
        values = _values(ids[:HAND], held)
        plans = {}
        for name in QUERY_NAMES:
            query = (QUERIES / f"{name}.sql").read_text("utf-8")
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", values)
            [([plan],)] = cursor.fetchall()
            plans[name] = plan["Plan"]
            # What it did is undone, so that each finds the same.
            connection.rollback()
    return plans


def _fill(backlog: Engine, jobs: int) -> list[str]:
    """Let `jobs` default jobs wait and some be worked on, long since done ones beside them."""
    backlog.sql("TRUNCATE jobs CASCADE")
    backlog.sql(
        "INSERT INTO jobs (id, type, payload, due_at)"
        " SELECT gen_random_uuid(), 'NOOP', '{}', now() - interval '1 ms' * n"
        " FROM generate_series(1, %s) AS n",
        jobs,
    )
    backlog.sql(
        "INSERT INTO jobs (id, type, payload, status, attempts, token, started_at, lease_until)"
        " SELECT gen_random_uuid(), 'NOOP', '{}', 'processing', 1, gen_random_uuid(), now(),"
        " now() + interval '1 h' FROM generate_series(1, %s)",
        2 * HAND,
    )
    backlog.sql("VACUUM ANALYZE jobs")
    found = backlog.sql("SELECT id FROM jobs WHERE status = 'pending' LIMIT %s", HAND)
    return [job_id for (job_id,) in found]


def _values(waiting: list[str], held: list[tuple[str, str]]) -> dict[str, object]:
    """What every query may ask for."""
    endings = [
        {"id": job_id, "token": token, "status": "completed", "outcome": "completed"}
        | {"result": "{}", "lost": False, "uncounted": False}
        for job_id, token in held
    ]
    return {
        "id": waiting[0],
        "ids": waiting,
        "priorities": ["default"] * len(waiting),
        "token": str(uuid4()),
        "tokens": [token for _, token in held],
        "lease": 10.0,
        "request_id": "test",
        "alone": False,
        "endings": json.dumps(endings),
        "limit": HAND,
        "type": "NOOP",
        "priority": "default",
        "payload": "{}",
        "max_attempts": 3,
    }


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _scans_a_table(node: Plan) -> bool:
    scans = node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "jobs"
    return scans and node["Actual Loops"] > 0


def _blocks(plan: Plan) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
