"""Wake-ups: whatever is published is found by a poller at work, or somebody is told to wake one."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.adapters.redis.keys import POLLERS, WAKING
from jobs.adapters.redis.queue import Limits
from jobs.core.errors import AttemptFailed, QueueUnavailable
from jobs.core.job import NewJob, Priority, Status
from jobs.core.worker.context import MARGIN_SECONDS, MAX_HOPS
from support.engine import Engine, MakeEngine, draining
from support.hooked import Hooked, Once
from support.job_types import TEST_TYPES, calling
from support.recording import Wake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from jobs.core.claim import Claim

PLAIN = [Wake(hop=0, wait_for_leases=False)]


@pytest.fixture
def api(make_engine: MakeEngine) -> Engine:
    """Somebody who submits."""
    return make_engine()


def hooked(make_engine: MakeEngine, api: Engine, **hooks: Any) -> Engine:
    return make_engine(queue=Hooked(api.queue, **hooks))


# Exact interleavings around the step in which a poller leaves


def test_a_job_published_before_a_poller_leaves_is_run_by_it(
    make_engine: MakeEngine, api: Engine
) -> None:
    """It has seen the queues empty and is about to leave: the publisher relies on it."""
    late: list[UUID] = []
    publish = Once(lambda: late.append(api.submit()))
    poller = hooked(make_engine, api, before={"deregister": publish})
    poller.drain()
    assert publish.called
    assert not api.waker.wakes
    assert api.job(late[0]).status is Status.COMPLETED


def test_a_job_published_after_a_poller_has_left_wakes_another(
    make_engine: MakeEngine, api: Engine
) -> None:
    late: list[UUID] = []
    publish = Once(lambda: late.append(api.submit()), when=lambda answer: answer.left)
    poller = hooked(make_engine, api, after={"deregister": publish})
    poller.drain()
    assert api.job(late[0]).status is Status.PENDING
    assert api.waker.wakes == PLAIN


def test_a_job_published_while_a_poller_is_closing_is_handed_over(
    make_engine: MakeEngine, api: Engine
) -> None:
    late: list[UUID] = []
    publish = Once(lambda: late.append(api.submit()))
    poller = hooked(make_engine, api, before={"deregister": publish})
    poller.redis.zadd(POLLERS, {"the one that is closing": time.time() * 1000 + 60_000})
    poller.drain(stopping=lambda: True)
    assert api.job(late[0]).status is Status.PENDING
    assert not api.waker.wakes
    assert poller.waker.wakes == [Wake(hop=1, wait_for_leases=False)]


def test_a_job_published_after_a_closing_poller_has_left_wakes_another(
    make_engine: MakeEngine, api: Engine
) -> None:
    publish = Once(api.submit)
    poller = hooked(make_engine, api, after={"deregister": publish})
    poller.drain(stopping=lambda: True)
    assert publish.called
    assert api.waker.wakes == PLAIN


def test_the_last_of_two_pollers_to_leave_finds_what_was_published_before(
    make_engine: MakeEngine, api: Engine
) -> None:
    second = make_engine()
    late: list[UUID] = []

    def leave_second() -> None:
        second.drain()
        late.append(api.submit())

    first = hooked(make_engine, api, before={"deregister": Once(leave_second)})
    first.drain()
    assert not api.waker.wakes
    assert api.job(late[0]).status is Status.COMPLETED


# Notes of wakes that are not under way


FEW = Limits(share=2)


def test_a_poller_that_rebuilt_the_queues_leaves_no_note_of_a_wake(
    make_engine: MakeEngine,
) -> None:
    """Publishing the rows again said that another poller is needed; none was woken for it."""
    poller = make_engine(limits=FEW)
    for _ in range(10):
        poller.store.insert(NewJob(uuid4(), "NOOP", {}))
    poller.drain()
    assert poller.statuses() == {"completed": 10}
    poller.waker.wakes.clear()
    poller.submit()
    assert poller.waker.wakes == PLAIN


def test_a_poller_at_the_end_of_its_chain_leaves_no_note_of_a_wake(
    make_engine: MakeEngine,
) -> None:
    poller = make_engine(limits=FEW)
    for _ in range(30):
        poller.submit()
    poller.waker.wakes.clear()
    poller.drain(hop=MAX_HOPS)
    assert not poller.waker.wakes
    poller.submit()
    assert poller.waker.wakes == PLAIN


def test_looking_for_high_jobs_keeps_no_wake_to_itself(make_engine: MakeEngine) -> None:
    """While default jobs wait in hand, each look for high ones may be told that a poller is due."""
    poller = make_engine(limits=FEW, slots=1)
    for _ in range(12):
        poller.submit("SLEEP", {"seconds": 0.03})
    looks: list[Sequence[Priority]] = []
    told: list[bool] = []

    def look(*_: object, priorities: Sequence[Priority], **__: object) -> None:
        poller.redis.delete(WAKING)
        looks.append(priorities)

    queue = Hooked(
        poller.queue,
        before={"take": look},
        after={"take": lambda taken: told.append(taken.wake)},
    )
    watched = make_engine(slots=1, queue=queue)
    watched.drain()
    assert ((Priority.HIGH,), True) in zip(looks, told, strict=True)
    assert sum(told) == len(watched.waker.wakes)


def test_a_poller_that_lost_sight_of_the_queues_for_a_moment_leaves_them_too(
    make_engine: MakeEngine, api: Engine
) -> None:
    """It took from them before, so it is on the register; nobody may rely on it any more."""

    def fail() -> None:
        raise QueueUnavailable

    takes: list[object] = []

    def second(*_: object, **__: object) -> bool:
        takes.append(1)
        return len(takes) == 2

    poller = hooked(make_engine, api, before={"take": Once(fail, when=second)})
    api.submit()
    poller.drain()
    api.waker.wakes.clear()
    api.submit()
    assert api.waker.wakes == PLAIN


# Who is enough for what


def test_publishing_to_a_poller_at_work_wakes_nobody(make_engine: MakeEngine, api: Engine) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def work(_: Claim) -> None:
        busy.set()
        go_on.wait()

    poller = make_engine(types=TEST_TYPES | {"WORK": calling("WORK", work, max_seconds=60.0)})
    poller.submit("WORK")
    with draining([poller]):
        busy.wait()
        late = api.submit()
        while not api.job(late).status.is_final:
            time.sleep(0.001)
        go_on.set()
    assert not api.waker.wakes


# Retries that a poller has no time left to wait for


def short_of_time(make_engine: MakeEngine, *, left: float, whole: float) -> Engine:
    """An engine whose invocation of `whole` seconds has `left` once a job has failed in it."""
    failed = threading.Event()

    def fail(_: Claim) -> None:
        failed.set()
        raise AttemptFailed

    poller = make_engine(types={"FAIL": calling("FAIL", fail, max_seconds=1.0)})
    poller.submit("FAIL")
    poller.waker.wakes.clear()
    poller.drain(remaining=lambda: left if failed.is_set() else whole)
    return poller


def test_a_poller_with_no_time_to_wait_for_a_retry_wakes_one_that_has(
    make_engine: MakeEngine,
) -> None:
    """The schedule may be most of a minute away."""
    poller = short_of_time(make_engine, left=MARGIN_SECONDS * 2 + 0.5, whole=60.0)
    assert poller.statuses() == {"pending": 1}
    assert poller.waker.wakes == [Wake(hop=1, wait_for_leases=False)]


def test_no_poller_is_woken_for_a_retry_that_none_would_have_time_to_wait_for(
    make_engine: MakeEngine,
) -> None:
    """Each would leave at once and wake the next."""
    poller = short_of_time(
        make_engine, left=MARGIN_SECONDS * 2 + 0.1, whole=MARGIN_SECONDS * 2 + 0.5
    )
    assert poller.statuses() == {"pending": 1}
    assert not poller.waker.wakes


# At random


def test_no_wake_up_is_lost_in_a_thousand_random_ones(make_engine: MakeEngine) -> None:
    """Jobs come one by one, often while a poller is leaving; nothing but wakes starts pollers."""
    choose = random.Random(20261125)
    done: dict[UUID, threading.Event] = {}
    lock = threading.Lock()

    def event(job_id: UUID) -> threading.Event:
        with lock:
            return done.setdefault(job_id, threading.Event())

    types = {"SIGNAL": calling("SIGNAL", lambda claim: event(claim.id).set(), runs_inline=True)}
    pollers = [make_engine(types=types) for _ in range(3)]
    idle = SimpleQueue[Engine]()
    for each in pollers:
        idle.put(each)
    api = make_engine(types=types)

    with ThreadPoolExecutor(len(pollers)) as lambdas:

        def invoke(wake: Wake) -> None:
            poller = idle.get()
            try:
                poller.drain(hop=wake.hop)
            finally:
                idle.put(poller)

        for each in [api, *pollers]:
            each.waker.then = lambda wake: lambdas.submit(invoke, wake)
        for number in range(1000):
            job_id = api.submit("SIGNAL", priority=choose.choice(list(Priority)))
            assert event(job_id).wait(20), f"job {number} was never run"
            time.sleep(choose.random() * 0.004)
    assert api.statuses() == {"completed": 1000}
