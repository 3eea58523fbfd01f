"""A database that hangs up, refuses, clashes, or crashes in the middle of it."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fakes.queue import FakeQueue
from fakes.waker import FakeWaker
from faults.kit.crash import crash
from faults.kit.proxy import Proxy, behind, through
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.best_effort import BestEffortQueue
from jobs.core.errors import StoreUnavailable
from jobs.core.reconcile import reconcile
from jobs.core.submit import Publisher, Submit
from stack.ports import free_port
from stack.servers.postgres import Postgres
from stack.waiting import wait_until
from support.engine import Engine, draining
from support.job_types import TEST_TYPES, calling
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from jobs.core.claim import Claim


@dataclass(frozen=True)
class Wired:
    """An engine whose database is behind a proxy; `runs` counts the attempts of COUNT jobs."""

    engine: Engine
    proxy: Proxy
    runs: Counter[UUID]

    def has_run(self, jobs: int) -> bool:
        return len(self.runs) >= jobs

    def post(self, count: int) -> list[UUID]:
        return [self.engine.submit("COUNT") for _ in range(count)]


@pytest.fixture
def wired(postgres_url: str, redis_url: str) -> Iterator[Wired]:
    migrate(postgres_url)
    runs: Counter[UUID] = Counter()

    def run(claim: Claim) -> None:
        runs[claim.id] += 1

    types = TEST_TYPES | {"COUNT": calling("COUNT", run)}
    with (
        behind(postgres_url) as proxy,
        closing(Engine(postgres_url, redis_url, types=types)) as aside,
    ):
        store = PostgresStore(Connection(through(proxy, postgres_url)))
        with closing(aside.another(store=store)) as engine:
            yield Wired(engine, proxy, runs)


@contextmanager
def away(proxy: Proxy) -> Iterator[None]:
    """Nobody listens any more, until the block ends."""
    target, proxy.target = proxy.target, free_port()
    proxy.cut()
    try:
        yield
    finally:
        proxy.target = target


ONCE = [("completed", 1, 0)]
"""Status, attempts and losses of jobs that were run once."""

INSERT, CLAIM, SETTLE = b"INSERT INTO jobs", b"WITH candidate AS", b"WITH settlement AS"


@pytest.mark.parametrize("executed", [True, False])
def test_a_job_is_accepted_if_and_only_if_it_is_stored(wired: Wired, *, executed: bool) -> None:
    """Whether the connection is lost after the server has done it, or while it may be at it."""
    drop = wired.proxy.drop_reply_after if executed else wired.proxy.drop_at
    dropped = drop(INSERT, every=3)
    accepted = {*wired.post(90)}
    assert dropped.dropped >= 30
    assert {job_id for (job_id,) in wired.engine.sql("SELECT id FROM jobs")} == {
        *map(str, accepted)
    }


def test_an_insert_that_never_gets_its_answer_is_refused_and_makes_one_row_at_most(
    wired: Wired,
) -> None:
    wired.post(1)
    wired.proxy.drop_reply_after(INSERT)
    with pytest.raises(StoreUnavailable):
        wired.post(1)
    wired.proxy.drop = None
    wired.engine.drain()
    assert wired.engine.statuses() == {"completed": 2}
    assert len(wired.engine.sql("SELECT id FROM jobs")) == 2


@pytest.mark.parametrize("statement", [CLAIM, SETTLE])
def test_a_lost_answer_makes_no_job_run_twice(wired: Wired, statement: bytes) -> None:
    ids = wired.post(60)
    drop = wired.proxy.drop_reply_after(statement, every=2)
    wired.engine.drain()
    assert drop.dropped
    assert wired.runs == dict.fromkeys(ids, 1)
    assert wired.engine.sql("SELECT DISTINCT status, attempts, losses FROM jobs") == ONCE


@pytest.mark.parametrize("statement", [CLAIM, SETTLE])
def test_a_lost_answer_and_a_database_that_is_away_after_it_make_no_job_run_twice(
    wired: Wired, statement: bytes
) -> None:
    """As a crash does it: the statement was carried out, and for a while nobody can be asked."""
    ids = wired.post(20)
    drop = wired.proxy.drop_reply_after(statement, times=1)
    with draining([wired.engine]):
        wait_until(lambda: drop.dropped > 0, "the lost answer", seconds=30, every=0.001)
        with away(wired.proxy):
            noticed = wired.engine.log.of
            wait_until(lambda: bool(noticed("store.unavailable")), "somebody to notice", seconds=30)
    assert wired.runs == dict.fromkeys(ids, 1)
    assert wired.engine.sql("SELECT DISTINCT status, attempts, losses FROM jobs") == ONCE


def test_a_database_that_restarts_in_the_middle_of_the_work_costs_no_job(
    postgres_server: Postgres, wired: Wired
) -> None:
    ids = wired.post(400)
    with draining([wired.engine]):
        for goal in (20, 100, 200):
            wait_until(partial(wired.has_run, goal), "work", seconds=30)
            crash(postgres_server)
    with closing(wired.engine.another()) as after:
        assert after.sql("SELECT DISTINCT status, attempts, losses FROM jobs") == ONCE
    assert wired.runs == dict.fromkeys(ids, 1)


def test_pollers_and_reconciliation_together_never_clash(wired: Wired) -> None:
    """Eight pollers drain, renew and mend the queues from the rows at the same time."""
    ids = wired.post(400)
    before = clashes(wired.engine)
    over = threading.Event()
    with ExitStack() as stack:
        engines = [stack.enter_context(closing(wired.engine.another(lease=0.5))) for _ in range(8)]

        def mend(engine: Engine) -> None:
            while not over.is_set():
                reconcile(engine.store, engine.queue)

        menders = [stack.enter_context(closing(wired.engine.another())) for _ in range(2)]
        threads = [threading.Thread(target=mend, args=(each,)) for each in menders]
        for thread in threads:
            thread.start()
        with draining(engines, scheduled=True):
            pass
        over.set()
        for thread in threads:
            thread.join()
        assert not [each for engine in engines for each in engine.log.of("store.unavailable")]
    assert wired.engine.statuses() == {"completed": len(ids)}
    assert wired.runs == dict.fromkeys(ids, 1)
    assert clashes(wired.engine) == before


def clashes(engine: Engine) -> int:
    """Deadlocks in this database since it was made."""
    [(count,)] = engine.sql(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(count)


def test_a_database_that_takes_no_writes_costs_no_job(wired: Wired) -> None:
    ids = wired.post(20)
    wired.engine.sql(READ_ONLY.format("on"))
    wired.proxy.cut()
    with draining([wired.engine]):
        noticed = wired.engine.log.of
        wait_until(lambda: len(noticed("store.unavailable")) > 2, "somebody to notice", seconds=30)
        wired.engine.sql("SET default_transaction_read_only = off; " + READ_ONLY.format("off"))
    assert wired.runs == dict.fromkeys(ids, 1)


READ_ONLY = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %%I SET default_transaction_read_only = {}', current_database());
END $$
"""


def test_a_server_without_a_connection_to_spare_refuses_and_half_accepts_nothing(
    servers_folder: Path,
) -> None:
    clients, connections = 40, 12
    server = Postgres(servers_folder / "narrow", free_port(), {"max_connections": str(connections)})
    server.start()
    try:
        migrate(server.url())
        accepted, refused = post_at_once(server.url(), clients)
        with closing(Connection(server.url())) as connection:
            rows = {row["id"] for row in connection.rows("SELECT id FROM jobs", {})}
            idle = connection.rows(
                "SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'", {}
            )
        assert rows == {*map(str, accepted)}
        assert len(accepted) + refused == clients
        assert refused >= clients - connections
        assert not idle
    finally:
        server.kill()


def post_at_once(database_url: str, clients: int) -> tuple[list[UUID], int]:
    """Post a job from so many clients, each on a connection that it keeps till all are done."""
    accepted: list[UUID] = []
    refused: list[StoreUnavailable] = []
    done = threading.Barrier(clients)

    def post() -> None:
        with closing(Connection(database_url)) as connection:
            store = PostgresStore(connection)
            publisher = Publisher(BestEffortQueue(FakeQueue(), RecordingLog()), FakeWaker())
            submit = Submit(store=store, publisher=publisher, types=TEST_TYPES)
            try:
                accepted.append(submit({"type": "NOOP", "payload": {}}).job.id)
            except StoreUnavailable as error:
                refused.append(error)
            done.wait(60)

    threads = [threading.Thread(target=post) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return accepted, len(refused)
