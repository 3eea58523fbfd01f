"""Time: nothing is begun that cannot finish, what must stop is given back, leases are kept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.claim import Entry
from jobs.core.errors import StoreUnavailable
from jobs.core.job import Priority, Status
from jobs.core.worker.context import MARGIN_SECONDS, MAX_HOPS
from support.engine import Engine, MakeEngine, draining
from support.hooked import Away, Hooked
from support.job_types import TEST_TYPES, calling
from support.recording import Wake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from jobs.core.claim import Claim

LONG = 60.0


class Gate:
    """A job type whose attempts wait until they are let go; `GATED` may take `budget` seconds."""

    def __init__(self, max_seconds: float = LONG) -> None:
        self.begun: list[UUID] = []
        self.some = threading.Semaphore(0)
        self.open = threading.Event()
        self.types = TEST_TYPES | {"GATED": calling("GATED", self._wait, max_seconds=max_seconds)}

    def _wait(self, claim: Claim) -> None:
        self.begun.append(claim.id)
        self.some.release()
        self.open.wait(120)

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.some.acquire(timeout=120)


@pytest.fixture
def gate() -> Any:
    gate = Gate()
    yield gate
    gate.open.set()


def untouched(engine: Engine, job_id: UUID) -> bool:
    job = engine.job(job_id)
    return (job.status, job.attempts, job.history) == (Status.PENDING, 0, ())


def wait_until(api: Engine, job_id: UUID, status: Status) -> None:
    while api.job(job_id).status is not status:
        time.sleep(0.001)


# Time that is nearly up


def test_what_cannot_finish_in_the_time_left_is_not_begun(
    make_engine: MakeEngine, gate: Gate
) -> None:
    poller = make_engine(types=gate.types)
    job_id = poller.submit("GATED")
    left = iter([LONG * 2])
    drained = poller.drain(remaining=lambda: next(left, LONG - 1))
    assert not gate.begun
    assert untouched(poller, job_id)
    assert drained.counts == {"released": 1}


def test_what_is_not_begun_for_want_of_time_is_handed_over(
    make_engine: MakeEngine, gate: Gate
) -> None:
    poller = make_engine(types=gate.types)
    poller.submit("GATED")
    poller.waker.wakes.clear()
    left = iter([LONG * 2])
    poller.drain(remaining=lambda: next(left, LONG - 1))
    assert poller.waker.wakes == [Wake(hop=1, wait_for_leases=False)]
    assert poller.submit() is not None
    assert poller.waker.wakes[1:] == [Wake(hop=0, wait_for_leases=False)], "it counts on nobody"


def test_what_is_released_has_its_place_in_the_queue_again(
    make_engine: MakeEngine, gate: Gate
) -> None:
    poller = make_engine(types=gate.types)
    for _ in range(5):
        poller.submit("GATED")
    before = poller.queued()
    left = iter([LONG * 2])
    poller.drain(remaining=lambda: next(left, LONG - 1))
    assert poller.queued() == before


def test_a_chain_of_pollers_ends(make_engine: MakeEngine, gate: Gate) -> None:
    poller = make_engine(types=gate.types)
    poller.submit("GATED")
    poller.waker.wakes.clear()
    for hop in (MAX_HOPS - 1, MAX_HOPS):
        left = iter([LONG * 2])
        poller.drain(remaining=lambda left=left: next(left, LONG - 1), hop=hop)
    assert poller.waker.wakes == [Wake(hop=MAX_HOPS, wait_for_leases=False)]


def test_what_waits_for_a_slot_until_its_time_is_too_short_is_released(
    make_engine: MakeEngine, gate: Gate
) -> None:
    api, poller = make_engine(types=gate.types), make_engine(types=gate.types, slots=1)
    jobs = [api.submit("GATED") for _ in range(2)]
    left = LONG * 3
    with draining([poller], remaining=lambda: left) as drained:
        gate.wait_for(1)
        wait_until(api, jobs[1], Status.PROCESSING)
        left = LONG
        wait_until(api, jobs[1], Status.PENDING)
        gate.open.set()
    assert gate.begun == jobs[:1]
    assert drained[0].counts == {"completed": 1, "released": 1}
    assert untouched(api, jobs[1])


def test_a_type_that_may_take_longer_than_a_poller_has_fails_with_a_clear_error(
    make_engine: MakeEngine, gate: Gate
) -> None:
    poller = make_engine(types=gate.types)
    job_id = poller.submit("GATED", max_attempts=1)
    poller.drain(seconds=LONG)
    job = poller.job(job_id)
    assert job.status is Status.FAILED
    assert job.error is not None
    assert job.error.startswith("GATED may take 60 s, more than a poller's ")
    assert not gate.begun


# An environment that is to stop


def test_a_poller_that_is_to_stop_finishes_what_runs_and_gives_back_the_rest(
    make_engine: MakeEngine,
) -> None:
    stop, go_on = threading.Event(), threading.Event()
    begun: list[UUID] = []

    def work(claim: Claim) -> None:
        begun.append(claim.id)
        stop.set()
        go_on.wait(120)

    def look() -> bool:
        """The environment says that it stops; the attempt ends soon after that."""
        if stop.is_set():
            go_on.set()
        return stop.is_set()

    poller = make_engine(types={"WORK": calling("WORK", work)}, slots=1)
    jobs = [poller.submit("WORK") for _ in range(3)]
    poller.waker.wakes.clear()
    drained = poller.drain(stopping=look)
    assert begun == jobs[:1]
    assert poller.job(jobs[0]).status is Status.COMPLETED
    assert all(untouched(poller, each) for each in jobs[1:])
    assert not drained.must_exit
    assert poller.waker.wakes[0] == Wake(hop=1, wait_for_leases=False)


def test_what_goes_on_after_the_stop_is_cut_off_and_its_outcome_is_unknown(
    make_engine: MakeEngine, gate: Gate
) -> None:
    poller = make_engine(types=gate.types)
    job_id = poller.submit("GATED")
    drained = poller.drain(stopping=lambda: bool(gate.begun))
    job = poller.job(job_id)
    assert (job.status, job.attempts) == (Status.PENDING, 1)
    [attempt] = job.history
    assert attempt.outcome == "unknown"
    assert attempt.error == "cut off: the worker was stopped while the attempt ran"
    assert drained.must_exit, "the attempt still runs in the process"


def test_a_poller_that_is_told_to_stop_before_it_begins_begins_nothing(
    make_engine: MakeEngine,
) -> None:
    poller = make_engine()
    job_id = poller.submit()
    poller.drain(stopping=lambda: True)
    assert untouched(poller, job_id)


# Attempts that nobody wants any more


def test_where_what_was_cancelled_has_all_the_room_another_poller_goes_on(
    make_engine: MakeEngine, gate: Gate
) -> None:
    api, poller = make_engine(types=gate.types), make_engine(types=gate.types, slots=1, lease=0.3)
    cancelled = api.submit("GATED")
    with draining([poller]) as drained:
        gate.wait_for(1)
        waiting = api.submit("GATED", priority=Priority.HIGH)
        assert api.store.cancel(cancelled)
        until = time.monotonic() + 20
        while not drained and time.monotonic() < until:
            time.sleep(0.01)
        ended = [*drained]
        gate.open.set()
    assert ended, "it kept what it could not begin"
    assert ended[0].must_exit
    assert untouched(api, waiting)
    assert poller.waker.wakes[-1] == Wake(hop=1, wait_for_leases=False)


def test_what_was_cancelled_and_runs_takes_up_room(make_engine: MakeEngine, gate: Gate) -> None:
    noticed, again = threading.Event(), threading.Semaphore(0)
    api = make_engine(types=gate.types)

    def note(kept: frozenset[UUID]) -> None:
        if cancelled not in kept:
            noticed.set()
        again.release()

    store = Hooked(make_engine().store, after={"renew": note})
    poller = make_engine(types=gate.types, slots=2, lease=0.3, store=store)
    cancelled, slow = api.submit("GATED"), api.submit("SLEEP", {"seconds": 1.0})
    with draining([poller]):
        # After this one it claims no more than it has room for.
        wait_until(api, slow, Status.COMPLETED)
        api.submit("GATED")
        gate.wait_for(2)
        assert api.store.cancel(cancelled)
        assert noticed.wait(60)
        waiting = api.submit("GATED", priority=Priority.HIGH)
        while again.acquire(blocking=False):
            pass
        for _ in range(3):
            assert again.acquire(timeout=60)
        assert untouched(api, waiting)
        gate.open.set()
    assert api.job(waiting).status is Status.COMPLETED


def test_a_suspect_waits_for_the_end_of_what_was_cancelled(
    make_engine: MakeEngine, gate: Gate
) -> None:
    noticed, looks = threading.Event(), threading.Semaphore(0)
    api = make_engine(types=gate.types)

    def note(kept: frozenset[UUID]) -> None:
        if cancelled not in kept:
            noticed.set()

    store = Hooked(make_engine().store, after={"renew": note})
    poller = make_engine(types=gate.types, slots=2, lease=0.3, store=store)
    cancelled = api.submit("GATED")
    with draining([poller], alive=looks.release):
        gate.wait_for(1)
        assert api.store.cancel(cancelled)
        assert noticed.wait(60)
        suspect = uuid4()
        row = "INSERT INTO jobs (id, type, payload, losses) VALUES (%s, 'NOOP', '{}', 1)"
        api.sql(row, str(suspect))
        api.queue.publish([Entry(suspect, Priority.DEFAULT)])
        while looks.acquire(blocking=False):
            pass
        for _ in range(100):
            assert looks.acquire(timeout=60)
        assert api.job(suspect).attempts == 0
        gate.open.set()
    job = api.job(suspect)
    assert (job.status, job.attempts) == (Status.COMPLETED, 1)


# Attempts that take too long


def test_an_overdue_attempt_fails_and_the_process_is_to_end(make_engine: MakeEngine) -> None:
    gate = Gate(max_seconds=0.05)
    poller = make_engine(types=gate.types)
    job_id = poller.submit("GATED", max_attempts=1)
    drained = poller.drain()
    job = poller.job(job_id)
    assert (job.status, job.error) == (
        Status.FAILED,
        "ran longer than the 0.05 s that it may take",
    )
    assert drained.must_exit
    gate.open.set()
    assert poller.job(job_id) == job


def test_what_runs_beside_an_overdue_attempt_finishes(make_engine: MakeEngine) -> None:
    gate = Gate(max_seconds=0.05)
    fine = threading.Event()
    poller = make_engine(
        types=gate.types | {"FINE": calling("FINE", lambda _: fine.wait(120), max_seconds=LONG)}
    )
    late, beside = poller.submit("GATED", max_attempts=1), poller.submit("FINE")

    def alive() -> None:
        if poller.job(late).status is Status.FAILED:
            fine.set()

    poller.drain(alive=alive)
    assert poller.job(beside).status is Status.COMPLETED
    gate.open.set()


# Leases


def test_a_long_job_keeps_its_lease_for_as_long_as_it_runs(make_engine: MakeEngine) -> None:
    """It ends only when its lease, of half a second, has been seen to be renewed twice."""
    renewed: list[object] = []
    enough = threading.Event()

    def note(kept: frozenset[UUID]) -> None:
        renewed.append(kept)
        if len(renewed) == 8:
            enough.set()

    types = {"WORK": calling("WORK", lambda _: enough.wait(120), max_seconds=LONG)}
    api = make_engine(types=types)
    poller = make_engine(types=types, lease=0.5, store=Hooked(api.store, after={"renew": note}))
    job_id = api.submit("WORK")
    poller.drain()
    job = api.job(job_id)
    assert (job.status, job.attempts) == (Status.COMPLETED, 1)
    assert all(kept == {job_id} for kept in renewed)


def test_a_poller_whose_hand_is_empty_renews_nothing(make_engine: MakeEngine) -> None:
    renewed: list[Sequence[Claim]] = []

    def note(claims: Sequence[Claim], **_: object) -> None:
        renewed.append(claims)

    api = make_engine()
    store = Hooked(api.store, before={"renew": note})
    poller = make_engine(lease=0.05, store=store)
    job_id = api.submit("FAIL", {"times": 1})
    poller.drain()
    assert api.job(job_id).status is Status.COMPLETED, "it has waited for a second in between"
    assert all(renewed)


@pytest.mark.parametrize(
    ("left", "lease"), [(LONG, 10.0), (MARGIN_SECONDS * 2 + 0.5, MARGIN_SECONDS * 3 + 0.5)]
)
def test_no_lease_outlives_the_invocation_by_more_than_the_margin(
    make_engine: MakeEngine, left: float, lease: float
) -> None:
    leases: list[float] = []

    def note(*_: object, lease: float, **__: object) -> None:
        leases.append(lease)

    types = {"WORK": calling("WORK", lambda _: None, max_seconds=1.0)}
    api = make_engine(types=types)
    store = Hooked(api.store, before={"claim": note})
    queue = Hooked(api.queue, before={"take": note})
    poller = make_engine(types=types, lease=10.0, store=store, queue=queue)
    job_id = api.submit("WORK")
    poller.drain(remaining=lambda: left)
    assert api.job(job_id).status is Status.COMPLETED
    assert {*leases} == {lease}


# A database that is away at the wrong moment


class AwayFor:
    """Raises `StoreUnavailable` the first `times` times that it is called."""

    def __init__(self, times: int) -> None:
        self._left = times

    def __call__(self, *_: object, **__: object) -> None:
        if self._left:
            self._left -= 1
            raise StoreUnavailable


def test_what_ended_while_the_poller_closes_is_settled_once_the_database_is_back(
    make_engine: MakeEngine,
) -> None:
    stop = threading.Event()
    types = {"WORK": calling("WORK", lambda _: stop.set())}
    api = make_engine(types=types)
    store = Hooked(api.store, before={"settle": AwayFor(2)})
    job_id = api.submit("WORK")
    make_engine(types=types, store=store).drain(stopping=stop.is_set)
    assert api.job(job_id).status is Status.COMPLETED


def test_what_was_to_be_released_is_released_once_the_database_is_back(
    make_engine: MakeEngine, gate: Gate
) -> None:
    api = make_engine(types=gate.types)
    store = Hooked(api.store, before={"release": AwayFor(2)})
    jobs = [api.submit("GATED") for _ in range(3)]
    before = api.queued()
    left = iter([LONG * 2])
    make_engine(types=gate.types, store=store).drain(remaining=lambda: next(left, LONG - 1))
    assert all(untouched(api, each) for each in jobs)
    assert api.queued() == before


def test_a_poller_gives_up_a_database_that_stays_away(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.core.worker.store_retry.GIVE_UP_SECONDS", 0.5)
    api = make_engine()
    job_id = api.submit()
    poller = make_engine(store=Away(StoreUnavailable()))
    poller.drain()
    assert not poller.waker.wakes, "another poller would find the same"
    assert untouched(api, job_id)
    assert poller.log.of("store.unavailable")


def test_a_claim_that_could_not_be_made_counts_no_attempt(make_engine: MakeEngine) -> None:
    api = make_engine()
    job_id = api.submit()
    store = Hooked(api.store, before={"claim": AwayFor(3)})
    make_engine(store=store).drain()
    assert api.job(job_id).status is Status.COMPLETED
    assert api.job(job_id).attempts == 1
