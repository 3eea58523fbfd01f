"""A million jobs wait, and no step of the protocol costs more than when few do."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.job import NewJob, Priority, Progress
from jobs.core.reconcile import BATCH_ROWS
from jobs.core.retry import Succeeded, decide
from support.engine import Engine
from support.explained import NAMES, Cost, Explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.conftest import Say

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

FEW, MANY = 10_000, 1_000_000
CLAIMS = 200

ELSEWHERE = {
    *("list_jobs", "count_open_jobs", "summarize_attempts"),
    *("find_api_key", "insert_api_key", "list_api_keys", "revoke_api_key"),
    *("insert_jobs", "cancel_job", "retry_job", "retry_jobs", "make_job_due", "get_payload"),
}
"""Statements that pollers do not run."""

FILL = """
INSERT INTO jobs (id, type, priority, payload, due_at)
SELECT gen_random_uuid(), 'NOOP', CASE WHEN n %% 4 < %s THEN 'high' ELSE 'default' END, '{"n": 1}',
       now() - make_interval(secs => (%s - n) / 1000.0)
FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    migrate(postgres_url)
    with closing(Engine(postgres_url, redis_url)) as engine:
        yield engine


REMEMBER = """
-- The rows are there: no need to ask for each of a million.
SET session_replication_role = replica;
INSERT INTO job_attempts (job_id, token, number, started_at, ended_at, outcome)
SELECT id, gen_random_uuid(), 1, now(), now(), 'failed' FROM jobs;
RESET session_replication_role;
"""


def fill(engine: Engine, jobs: int, *, high: int = 1) -> None:
    """Let that many jobs wait, each with an attempt behind it, `high` of four of high priority."""
    engine.sql("TRUNCATE jobs CASCADE")
    engine.sql(FILL, high, jobs, jobs)
    engine.sql(REMEMBER)
    engine.sql("VACUUM ANALYZE jobs, job_attempts")


def costs(engine: Engine) -> dict[str, Cost]:
    """Of every statement of the protocol, each in its usual size."""
    with closing(Explained(engine.database_url)) as connection:
        store = PostgresStore(connection)
        job = NewJob(uuid4(), "NOOP", {})
        store.insert(job)
        hints = store.due(CLAIMS)
        store.open_entries(BATCH_ROWS)
        store.next_due()
        store.ping()
        claims = store.claim(hints, uuid4(), lease=60, request_id="r").claims
        assert len(claims) == CLAIMS
        store.last_lease()
        store.renew(claims, lease=60)
        half = CLAIMS // 2
        assert len(store.release(claims[:half])) == half
        ended = store.settle([decide(claim, Succeeded({})) for claim in claims[half:]])
        assert len(ended.ids) == half
        store.get(claims[-1].id)
        store.report([(claims[0], Progress(1.0))])
        store.queues()
        for priority in Priority:
            store.pause(priority)
            store.resume(priority)
        assert set(connection.costs) == set(NAMES.values()) - ELSEWHERE
        return connection.costs


def test_no_statement_costs_more_by_what_waits(engine: Engine, say: Say) -> None:
    fill(engine, FEW)
    few = costs(engine)
    fill(engine, MANY)
    many = costs(engine)
    for name, cost in sorted(many.items()):
        ways = f", by {', '.join(sorted(cost.indexes))}" if cost.indexes else ""
        say(f"{name}: {few[name].pages} -> {cost.pages} pages, {cost.rows} rows{ways}")
    for name, cost in many.items():
        # Of queues there are two.
        assert cost.scans <= {"queues"}, f"{name} reads all of {cost.scans}"
        # Not a hundred times as many: each index is a level deeper.
        assert cost.pages <= 2 * few[name].pages + 20, name
        assert cost.rows <= few[name].rows, name
    for name in ("list_due_jobs", "list_open_entries", "get_next_due"):
        assert many[name].indexes == {"jobs_pending", "jobs_leased"}, name
    assert many["get_last_lease"].indexes == {"jobs_leased"}
    for name in ("insert_job", "get_job"):
        assert many[name].indexes == {"jobs_pkey"}, name
    assert many["claim_jobs"].indexes == {"jobs_pkey", "queues_pkey"}
    assert many["list_attempts"].indexes == {"job_attempts_pkey"}


def test_a_high_job_is_next_whatever_waits(engine: Engine) -> None:
    fill(engine, MANY, high=0)
    high = engine.submit(priority=Priority.HIGH)

    def enough() -> bool:
        return len(engine.log.started()) > CLAIMS

    engine.drain(scheduled=True, stopping=enough)
    assert engine.log.started()[0] == high
    again = engine.submit(priority=Priority.HIGH)
    engine.log.events.clear()
    engine.drain(stopping=enough)
    assert engine.log.started()[0] == again
