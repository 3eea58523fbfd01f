"""Queues that are paused and resumed while pollers are at work."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest

from jobs.core.claim import Candidate
from jobs.core.errors import QueueUnavailable
from jobs.core.job import Priority, Status
from jobs.core.queues import Queues
from support.engine import Engine, MakeEngine, draining
from support.hooked import Away, Hooked, Once
from support.job_types import TEST_TYPES, calling
from support.recording import Wake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from psycopg2 import extensions

    from jobs.core.claim import Claim
    from jobs.core.ports.queue import Taken

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


@pytest.fixture
def api(make_engine: MakeEngine) -> Engine:
    """Somebody who submits, pauses and resumes."""
    return make_engine()


def queues(api: Engine) -> Queues:
    return Queues(store=api.store, queue=api.queue, waker=api.waker, log=api.log)


def submit(api: Engine, number: int, priority: Priority = DEFAULT) -> list[UUID]:
    return [api.submit(priority=priority) for _ in range(number)]


def entries(api: Engine) -> list[int]:
    return [len(members) for members in api.queued().values()]


# Draining


def test_a_paused_high_queue_does_not_stop_the_default_one(api: Engine) -> None:
    high, default = submit(api, 300, HIGH), submit(api, 300)
    queues(api).pause("high")
    api.drain()
    assert {api.job(each).status for each in default} == {Status.COMPLETED}
    assert {api.job(each).status for each in high} == {Status.PENDING}
    assert entries(api) == [0, 0], "nothing is left that a poller would come back for"
    queues(api).resume("high")
    api.drain()
    assert api.statuses() == {"completed": 600}
    assert {api.job(each).attempts for each in high} == {1}
    assert {len(api.job(each).history) for each in high} == {1}


class Gated:
    """A type of job; each of them waits for a permit of `gate`."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.some = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.types = TEST_TYPES | {"GATED": calling("GATED", self._run, max_seconds=60.0)}

    def _run(self, claim: Claim) -> None:
        self.begun.append(claim.id)
        self.some.release()
        self.gate.acquire(timeout=60)


def test_a_pause_in_the_middle_of_a_drain_begins_nothing_more_and_resuming_drains_at_once(
    make_engine: MakeEngine,
) -> None:
    gated = Gated()
    api = make_engine(types=gated.types)
    jobs = [api.submit("GATED") for _ in range(40)]
    with draining([make_engine(types=gated.types, slots=2)]):
        for _ in range(2):
            assert gated.some.acquire(timeout=60)
        queues(api).pause("default")
        held = {each for each in jobs if api.job(each).status is Status.PROCESSING}
        late = [api.submit("GATED")]
        for _ in range(len(held) - 2):
            gated.gate.release()
            assert gated.some.acquire(timeout=60)
        # A high job earlier would have sent back those that were claimed and not begun.
        late.append(api.submit(priority=HIGH))
        gated.gate.release(len(jobs) + 1)
    assert set(gated.begun) == held, "what was claimed goes on to its end, and nothing else"
    assert len(held) < len(jobs)
    assert api.job(late[1]).status is Status.COMPLETED
    waiting = {*jobs, late[0]} - held
    assert {api.job(each).status for each in waiting} == {Status.PENDING}
    assert {api.job(each).attempts for each in waiting} == {0}
    api.waker.wakes.clear()
    queues(api).resume("default")
    assert api.waker.wakes == [Wake(hop=0, wait_for_leases=False)]
    api.drain()
    assert gated.begun[len(held) :] == [each for each in [*jobs, late[0]] if each in waiting]


def test_a_poller_that_is_at_work_serves_a_queue_that_is_resumed(make_engine: MakeEngine) -> None:
    """Nobody is woken for it, and nothing waits for the schedule."""
    gated = Gated()
    api = make_engine(types=gated.types)
    queues(api).pause("default")
    waiting = submit(api, 20)
    api.drain()
    assert entries(api) == [0, 0]
    api.submit("GATED", priority=HIGH)
    with draining([make_engine(types=gated.types)]):
        assert gated.some.acquire(timeout=60)
        api.waker.wakes.clear()
        queues(api).resume("default")
        while api.statuses().get("pending"):
            time.sleep(0.001)
        gated.gate.release()
    assert not api.waker.wakes
    assert {api.job(each).status for each in waiting} == {Status.COMPLETED}


def test_a_poller_leaves_where_only_paused_work_is_left(
    make_engine: MakeEngine, api: Engine
) -> None:
    """However its entries came to Redis, they are taken once, and no step is taken in vain."""
    queues(api).pause("default")
    jobs = submit(api, 450)
    takes: list[Taken] = []
    poller = make_engine(queue=Hooked(api.queue, after={"take": takes.append}))
    for taken in (450, 0):
        takes.clear()
        drained = poller.drain(scheduled=True)
        assert not drained.counts
        assert sum(len(each.candidates) for each in takes) == taken
        assert sum(not each.candidates for each in takes) < 3
        assert entries(api) == [0, 0]
    assert {api.job(each).attempts for each in jobs} == {0}


def test_the_schedule_does_not_publish_what_is_paused(api: Engine) -> None:
    queues(api).pause("default")
    submit(api, 50)
    api.redis.flushall()
    api.drain(scheduled=True)
    assert not api.log.of("queue.repaired")
    assert entries(api) == [0, 0]


def test_without_redis_a_poller_leaves_too_and_serves_the_other_queue(
    make_engine: MakeEngine, api: Engine
) -> None:
    queues(api).pause("high")
    high, default = submit(api, 5, HIGH), submit(api, 5)
    make_engine(queue=Away(QueueUnavailable())).drain()
    assert {api.job(each).status for each in high} == {Status.PENDING}
    assert {api.job(each).status for each in default} == {Status.COMPLETED}


def test_a_retry_waits_while_its_queue_is_paused(make_engine: MakeEngine, api: Engine) -> None:
    job_id = api.submit("FAIL", {"times": 1})
    pause = Once(lambda *_: queues(api).pause("default"))
    make_engine(store=Hooked(make_engine().store, after={"claim": pause})).drain()
    job = api.job(job_id)
    assert (job.status, job.attempts) == (Status.PENDING, 1)
    api.expire(job_id)
    api.drain()
    assert api.job(job_id).attempts == 1
    assert entries(api) == [0, 0]
    queues(api).resume("default")
    api.drain()
    job = api.job(job_id)
    assert (job.status, job.attempts) == (Status.COMPLETED, 2)


# Crashes


def test_what_a_dead_worker_held_when_its_queue_was_paused_is_run_after_it(api: Engine) -> None:
    held, waiting = submit(api, 3), submit(api, 3)
    taken = api.queue.take("dead", limit=3, lease=30.0, priorities=tuple(Priority))
    assert [hint.id for hint in taken.candidates] == held
    assert len(api.claim(*held)) == 3
    queues(api).pause("default")
    api.expire(*held)
    api.drain()
    assert {api.job(each).status for each in (*held, *waiting)} == {Status.PENDING}
    assert {api.job(each).history[0].outcome for each in held} == {"lost"}
    api.expire(*held)
    queues(api).resume("default")
    api.drain()
    assert api.statuses() == {"completed": 6}


def test_a_poller_that_dies_between_take_and_claim_loses_nothing(api: Engine) -> None:
    jobs = submit(api, 3)
    api.queue.take("dead", limit=9, lease=30.0, priorities=tuple(Priority))
    queues(api).pause("default")
    api.expire(*jobs)
    api.drain()
    queues(api).resume("default")
    api.drain()
    assert api.statuses() == {"completed": 3}


def test_a_resume_that_dies_before_it_publishes_is_made_good_by_the_schedule(api: Engine) -> None:
    queues(api).pause("default")
    submit(api, 3)
    api.drain()
    api.store.resume(DEFAULT)
    assert entries(api) == [0, 0]
    api.drain(scheduled=True)
    assert api.statuses() == {"completed": 3}


# Interleavings


def test_an_entry_is_not_lost_between_a_refused_claim_and_a_resume(
    make_engine: MakeEngine, api: Engine
) -> None:
    """The poller's claim was refused; the queue is resumed and published before the entry goes."""
    api.store.pause(DEFAULT)
    [job_id] = submit(api, 1)

    def resume(*_: object) -> None:
        queues(api).resume("default")

    once = Once(resume)
    poller = make_engine(store=Hooked(make_engine().store, after={"claim": once}))
    poller.drain()
    assert once.called
    assert api.job(job_id).status is Status.COMPLETED


@pytest.fixture
def aside(database: str) -> Iterator[extensions.connection]:
    """A connection whose transactions end when the test says so."""
    with closing(psycopg2.connect(database)) as connection:
        yield connection


def blocked(api: Engine) -> int:
    """How many statements wait for a lock."""
    [(number,)] = api.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return int(number)


def claimable_priorities(work: Any) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    return thread, found


def test_a_claim_that_meets_a_pause_waits_for_it_and_sees_it(
    make_engine: MakeEngine, api: Engine, aside: extensions.connection
) -> None:
    [job_id] = submit(api, 1)
    with aside.cursor() as cursor:
        cursor.execute("UPDATE queues SET paused_at = now() WHERE priority = 'default'")
        poller = make_engine()
        hints = [Candidate(job_id, DEFAULT, 0.0)]
        thread, found = claimable_priorities(
            lambda: poller.store.claim(hints, uuid4(), lease=30.0, request_id=None)
        )
        while not blocked(api):
            assert thread.is_alive(), f"it did not wait: {found}"
            time.sleep(0.001)
        aside.commit()
    thread.join(60)
    [claimed] = found
    assert (claimed.claims, claimed.paused) == ((), (job_id,))


def test_a_pause_waits_for_the_claim_that_is_being_made(
    make_engine: MakeEngine, api: Engine, aside: extensions.connection
) -> None:
    """Once it is answered nothing is claimed any more, not even what was asked for before."""
    with aside.cursor() as cursor:
        cursor.execute("SELECT FROM queues WHERE priority = 'default' FOR SHARE")
        one = make_engine()
        thread, found = claimable_priorities(lambda: one.store.pause(DEFAULT))
        while not blocked(api):
            assert thread.is_alive(), "it did not wait"
            time.sleep(0.001)
        [job_id] = submit(api, 1, HIGH)
        assert api.claim(job_id), "the other queue's claims go on"
        aside.commit()
    thread.join(60)
    assert found[0].paused_at


def test_no_job_begins_after_the_answer_to_a_pause(make_engine: MakeEngine, api: Engine) -> None:
    """Pollers at full speed, and a queue that is paused and resumed again and again."""
    submit(api, 600)
    pollers = [make_engine(slots=2) for _ in range(2)]
    with draining(pollers):
        for _ in range(10):
            queues(api).pause("default")
            waiting = [api.statuses().get("pending", 0) for _ in range(10)]
            queues(api).resume("default")
            assert waiting == sorted(waiting), "what is given back waits, and nothing is claimed"
    api.drain()
    assert api.statuses() == {"completed": 600}
    [(most,)] = api.sql("SELECT max(attempts) FROM jobs")
    assert most == 1
