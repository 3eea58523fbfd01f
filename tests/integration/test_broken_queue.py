"""Queues that are wrong, doubled, spoiled, emptied or away: the rows decide, and every job ends."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.adapters.redis.client import connect
from jobs.adapters.redis.keys import COMPLETE, QUEUES
from jobs.adapters.redis.queue import RedisQueue
from jobs.core.job import NewJob, Priority
from jobs.core.worker.fallback_queue import COMPLETE_SECONDS
from stack.ports import free_port
from support.engine import Engine, MakeEngine, draining
from support.hooked import Hooked
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.claim import Claim
    from jobs.core.ports.queue import Taken

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT
EMPTY: dict[str, list[Any]] = {key: [] for key in QUEUES.values()}


class Runs:
    """A job type whose attempts are counted."""

    def __init__(self) -> None:
        self.of: Counter[UUID] = Counter()
        self.order: list[UUID] = []
        self.types = TEST_TYPES | {
            "COUNT": calling("COUNT", self._count),
            "COUNT_QUICK": calling("COUNT_QUICK", self._count, runs_inline=True),
        }

    def _count(self, claim: Claim) -> None:
        self.of[claim.id] += 1
        self.order.append(claim.id)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def engine(make_engine: MakeEngine, runs: Runs) -> Engine:
    return make_engine(types=runs.types)


def add(engine: Engine, job_id: object, priority: Priority, score: float = 1.0) -> None:
    """Put an entry where nobody should have put it."""
    engine.redis.zadd(QUEUES[priority], {str(job_id): score})


# Entries that should not be there


def test_a_job_in_both_queues_is_run_once(engine: Engine, runs: Runs) -> None:
    """Both entries come with the same take, and are claimed by the same statement."""
    jobs = [engine.submit("COUNT", priority=each) for each in (HIGH, DEFAULT)]
    add(engine, jobs[0], DEFAULT)
    add(engine, jobs[1], HIGH)
    engine.drain()
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.queued() == EMPTY


def test_entries_doubled_at_random_are_run_once_by_whichever_poller(
    engine: Engine, runs: Runs
) -> None:
    choose = random.Random(20261125)
    jobs = [
        engine.submit("COUNT_QUICK", priority=choose.choice([HIGH, DEFAULT])) for _ in range(200)
    ]
    with closing(engine.another()) as second, closing(engine.another()) as third:
        with draining([second, third]):
            for job_id in choose.sample(jobs * 5, len(jobs) * 5):
                add(engine, job_id, choose.choice([HIGH, DEFAULT]), choose.random())
        engine.drain()
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.queued() == EMPTY


def test_members_that_are_no_ids_are_removed_and_hold_up_nobody(engine: Engine, runs: Runs) -> None:
    good = [engine.submit("COUNT") for _ in range(10)]
    odd = [b"x", b"", b"\xff\x00\xfe", b"9" * 100_000, str(good[0]).upper().encode()]
    odd += [f"job {number}".encode() for number in range(1000)]
    for key in QUEUES.values():
        engine.redis.zadd(key, dict.fromkeys(odd, 0))
    engine.drain()
    assert runs.of == dict.fromkeys(good, 1)
    assert engine.queued() == EMPTY


def test_entries_of_jobs_that_are_over_or_were_never_there_are_removed(
    engine: Engine, runs: Runs
) -> None:
    over = engine.submit("COUNT")
    engine.drain()
    for job_id in (over, *(uuid4() for _ in range(50))):
        for priority in Priority:
            add(engine, job_id, priority)
    good = engine.submit("COUNT")
    engine.drain()
    assert runs.of == {over: 1, good: 1}
    assert engine.queued() == EMPTY


def move_to_default(engine: Engine, jobs: list[UUID]) -> None:
    for job_id in jobs:
        engine.redis.zrem(QUEUES[HIGH], str(job_id))
        add(engine, job_id, DEFAULT, score=2.0)


def test_high_jobs_in_the_wrong_queue_are_moved_to_their_own_and_run_once(
    engine: Engine, runs: Runs
) -> None:
    high = [engine.submit("COUNT_QUICK", priority=HIGH) for _ in range(10)]
    move_to_default(engine, high)
    engine.drain()
    assert runs.of == dict.fromkeys(high, 1)
    assert engine.queued() == EMPTY


def test_a_scheduled_poller_serves_high_jobs_first_whatever_queue_they_are_in(
    engine: Engine, runs: Runs
) -> None:
    default = [engine.submit("COUNT_QUICK") for _ in range(10)]
    high = [engine.submit("COUNT_QUICK", priority=HIGH) for _ in range(10)]
    move_to_default(engine, high)
    engine.drain(scheduled=True)
    assert (set(runs.order[:10]), set(runs.order[10:])) == ({*high}, {*default})
    assert runs.of == dict.fromkeys([*high, *default], 1)


# Queues that cannot be used


def test_a_key_of_the_wrong_type_keeps_no_job_from_being_accepted_or_run(
    engine: Engine, runs: Runs
) -> None:
    engine.redis.set(QUEUES[DEFAULT], "not a sorted set")
    jobs = [(engine.submit("COUNT_QUICK", priority=each), each) for each in (DEFAULT, HIGH) * 10]
    assert len(engine.waker.wakes) == 20, "nobody knows who is at work, so each wakes somebody"
    engine.drain()
    assert runs.order == [job_id for each in Priority for job_id, found in jobs if found is each]
    assert engine.log.of("queue.unavailable")
    assert engine.log.of("queue.update_skipped")


def test_with_no_redis_at_all_every_job_is_accepted_and_run(
    make_engine: MakeEngine, runs: Runs
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    with closing(connect(nowhere)) as client:
        engine = make_engine(types=runs.types, queue=RedisQueue(client))
        jobs = [engine.submit("COUNT") for _ in range(10)]
        engine.drain(scheduled=True)
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.statuses() == {"completed": 10}


# Queues that lose their memory


def test_redis_flushed_again_and_again_in_the_middle_of_a_drain_loses_nothing(
    engine: Engine, make_engine: MakeEngine
) -> None:
    ran: Counter[UUID] = Counter()

    def flush_sometimes(claim: Claim) -> None:
        ran[claim.id] += 1
        if sum(ran.values()) % 25 == 0:
            engine.redis.flushall()

    types = {"FLUSH": calling("FLUSH", flush_sometimes, runs_inline=True)}
    api = make_engine(types=types)
    jobs = [api.submit("FLUSH") for _ in range(200)]
    make_engine(types=types).drain()
    assert ran == dict.fromkeys(jobs, 1)
    assert api.queued() == EMPTY


def unpublished(engine: Engine, number: int, job_type: str = "COUNT_QUICK") -> list[UUID]:
    """Rows whose entries were lost, or never made."""
    ids = [uuid4() for _ in range(number)]
    for job_id in ids:
        engine.store.insert(NewJob(job_id, job_type, {"times": 1}))
    return ids


def test_queues_without_their_marker_are_rebuilt_when_they_are_empty(
    engine: Engine, runs: Runs
) -> None:
    jobs = unpublished(engine, 10)
    engine.drain()
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.redis.exists(COMPLETE)
    [mended] = engine.log.of("queue.repaired")
    assert mended["entries"] == 10


def test_queues_with_their_marker_are_mended_by_the_schedule(engine: Engine, runs: Runs) -> None:
    engine.drain()
    assert engine.redis.exists(COMPLETE)
    jobs = unpublished(engine, 10)
    engine.drain()
    assert not runs.of
    engine.drain(scheduled=True)
    assert runs.of == dict.fromkeys(jobs, 1)


def test_a_healthy_system_has_nothing_to_mend(engine: Engine) -> None:
    engine.drain(scheduled=True)
    for _ in range(10):
        engine.submit()
    engine.drain(scheduled=True)
    assert not engine.log.of("queue.repaired")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many rows a reconciliation looks at here, for each priority."""
    monkeypatch.setattr("jobs.core.reconcile.BATCH_ROWS", 5)
    return 5


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("marked", [False, True])
def test_more_rows_than_a_reconciliation_looks_at_are_all_found_by_one_drain(
    engine: Engine, runs: Runs, *, marked: bool
) -> None:
    """`marked`: Redis came back with an old memory, in which it was complete."""
    jobs = unpublished(engine, 60)
    if marked:
        engine.queue.mark_complete()
    engine.drain(scheduled=True)
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.redis.exists(COMPLETE)


@pytest.mark.usefixtures("small_batches")
def test_queues_that_lack_nothing_due_are_not_looked_through_again_and_again(
    engine: Engine, make_engine: MakeEngine
) -> None:
    """More rows wait for their time than a reconciliation looks at, so they are never marked."""
    looks: list[float] = []
    store = Hooked(engine.store, before={"open_entries": lambda _: looks.append(time.monotonic())})
    unpublished(engine, 20, "FAIL")
    make_engine(store=store).drain()
    assert engine.statuses() == {"completed": 20}
    needed = 20 / 5 + 1
    assert len(looks) <= needed + (looks[-1] - looks[0]) / COMPLETE_SECONDS + 1


@pytest.mark.usefixtures("small_batches")
def test_looking_for_high_jobs_rebuilds_nothing(engine: Engine, make_engine: MakeEngine) -> None:
    looks: list[object] = []
    while_there_was_some: list[int] = []

    def note(taken: Taken) -> None:
        if taken.candidates:
            while_there_was_some.append(len(looks))

    for _ in range(30):
        engine.submit("SLEEP", {"seconds": 0.03})
    store = Hooked(engine.store, before={"open_entries": looks.append})
    queue = Hooked(engine.queue, after={"take": note})
    make_engine(store=store, queue=queue, slots=1).drain()
    assert while_there_was_some[-1] == 0
