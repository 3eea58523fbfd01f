"""Ticks that do not come, timers that are lost, clocks that are wrong, failures in a flood."""

from __future__ import annotations

import ast
import signal
import threading
from collections import Counter
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jobs
from jobs.adapters.postgres.migrate import migrate
from jobs.core.errors import AttemptFailed
from jobs.core.job import Priority
from jobs.core.retry import backoff
from stack.waiting import wait_until
from support.engine import Engine, draining
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from faults.conftest import MakeWorld, Say
    from jobs.core.claim import Claim

EARLY = 0.002
"""Seconds that two readings of one clock may differ by rounding."""


@pytest.fixture
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    migrate(postgres_url)
    with closing(Engine(postgres_url, redis_url)) as engine:
        yield engine


def gaps(engine: Engine, job_id: UUID) -> list[float]:
    """Seconds from the end of each attempt to the beginning of the next."""
    history = engine.job(job_id).history
    return [(b.started_at - a.ended_at).total_seconds() for a, b in pairwise(history)]


def test_ticks_that_did_not_come_cost_nothing_but_time(engine: Engine) -> None:
    """Nobody was woken, Redis forgot everything: the next tick alone does all there is to do."""
    ids = [engine.submit("NOOP", priority=each) for each in [*Priority] * 20]
    lost = engine.claim(*ids[:5], lease=0.1)
    engine.redis.flushall()
    engine.drain(scheduled=True)
    assert engine.statuses() == {"completed": len(ids)}
    assert all(engine.job(claim.id).attempts == 2 for claim in lost)


@pytest.mark.faults
def test_a_wait_is_in_the_row_and_survives_whoever_waits(make_world: MakeWorld, say: Say) -> None:
    """Everything dies during the first wait; the second attempt still keeps to it."""
    world = make_world(most=1)
    job_id = world.post("FAIL", {"times": 1})
    wait_until(lambda: len(world.attempts(job_id)) == 1, "a wait", seconds=30, every=0.005)
    for poller in world.cloud.busy:
        poller.signal(signal.SIGKILL)
    with closing(world.redis()) as redis:
        redis.flushall()
    world.cloud.tick()
    world.settle()
    first, second = world.attempts(job_id)
    gap = (second["started_at"] - first["ended_at"]).total_seconds()
    say(f"second attempt {gap:.3f} s after the first, the poller killed meanwhile")
    assert gap >= backoff(1) - EARLY
    assert world.judge()["completed"] == 1


def test_the_gaps_between_attempts_are_those_promised(engine: Engine, say: Say) -> None:
    job_id = engine.submit("FAIL", max_attempts=4)
    engine.waker.wakes.clear()
    engine.drain()
    measured = gaps(engine, job_id)
    say(f"gaps between attempts: {', '.join(f'{gap:.3f} s' for gap in measured)}")
    assert len(measured) == 3
    assert all(gap >= backoff(n) - EARLY for n, gap in enumerate(measured, start=1))
    assert engine.job(job_id).attempts == 4
    assert engine.waker.wakes == [], "no schedule and no other poller helped"


def test_a_flood_of_failures_comes_back_in_order_and_not_at_once(
    postgres_url: str, redis_url: str
) -> None:
    """What all jobs need is away: they fail together, and are due again together."""
    migrate(postgres_url)
    away = threading.Event()
    away.set()
    lock = threading.Lock()
    at_once: Counter[str] = Counter()
    order: list[Priority] = []

    def need(claim: Claim) -> None:
        with lock:
            at_once["now"] += 1
            at_once["most"] = max(at_once["most"], at_once["now"])
        try:
            threading.Event().wait(0.002)
            if away.is_set():
                raise AttemptFailed("away")
            order.append(claim.priority)
        finally:
            with lock:
                at_once["now"] -= 1

    types = TEST_TYPES | {"NEED": calling("NEED", need)}
    with ExitStack() as stack:
        engine = stack.enter_context(closing(Engine(postgres_url, redis_url, types=types)))
        pollers = [stack.enter_context(closing(engine.another())) for _ in range(2)]
        count = 400
        for _ in range(count):
            engine.submit("NEED")
        with draining(pollers):
            wait_until(lambda: failed_once(engine) == count, "all to have failed", seconds=60)
            away.clear()
            urgent = engine.submit("NEED", priority=Priority.HIGH)
        assert engine.statuses() == {"completed": count + 1}
        assert engine.job(urgent).attempts == 1
        slots = sum(poller.config.slots for poller in pollers)
        assert at_once["most"] <= slots, "no more at once than pollers have slots"
        assert order.index(Priority.HIGH) <= 2 * slots, "not behind the flood"


def failed_once(engine: Engine) -> int:
    [(count,)] = engine.sql("SELECT count(*) FROM jobs WHERE attempts > 0 AND error IS NOT NULL")
    return int(count)


@pytest.mark.faults
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_poller_whose_clock_is_wrong_works_as_any_other(
    make_world: MakeWorld, hours: int
) -> None:
    world = make_world(clock_skew=str(hours * 3600))
    ids = [world.post("EFFECT", {"seconds": 0.02, "fails": n % 2}) for n in range(20)]
    slow = world.post("EFFECT", {"seconds": 2.5})
    world.settle()
    assert world.judge()["completed"] == 21
    assert not world.cloud.deaths
    assert world.job(slow)["attempts"] == 1, "its lease was renewed by a clock that is right"
    for job_id in ids[1::2]:
        first, second = world.attempts(job_id)
        assert (second["started_at"] - first["ended_at"]).total_seconds() >= backoff(1) - EARLY


def test_no_rule_asks_the_clock_of_its_machine_for_the_time() -> None:
    """The rows' clock judges leases and waits; a machine's own only measures and dates."""
    allowed = {"webhook.py", "log.py", "message.py"}
    root = Path(jobs.__file__).parent
    asking = {
        file.name
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and f"{ast.unparse(node.value)}.{node.attr}"
        in ("time.time", "datetime.now", "datetime.utcnow", "time.gmtime")
    }
    assert asking <= allowed


def test_leases_found_ended_by_many_at_once_are_each_given_up_once(engine: Engine) -> None:
    ids = [engine.submit("NOOP") for _ in range(200)]
    engine.claim(*ids, lease=0.1)
    engine.expire(*ids)
    with ExitStack() as stack:
        pollers = [stack.enter_context(closing(engine.another())) for _ in range(10)]
        with draining(pollers, scheduled=True):
            pass
    assert engine.sql("SELECT DISTINCT status, attempts, losses FROM jobs") == [("completed", 2, 1)]
    [(lost,)] = engine.sql("SELECT count(*) FROM job_attempts WHERE outcome = 'lost'")
    assert lost == len(ids)
