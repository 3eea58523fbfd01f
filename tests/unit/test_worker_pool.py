"""What a poller holds: what is begun and when, and that what was let go of is not begun."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobs.core.model import Claim, Hint, Priority
from jobs.core.outcome import Done, Outcome
from jobs.core.worker_pool import NOT_RUN, Held, WorkerPool
from support.claims import a_claim

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

SOON = 10.0
"""Seconds; `work` returns as soon as something has ended."""


class Runs:
    """Attempts that end when they are told to, and a note of those that were begun."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.gate = threading.Event()
        self.some = threading.Semaphore(0)

    def __call__(self, claim: Claim) -> Outcome:
        self.begun.append(claim.token)
        self.some.release()
        if claim.payload.get("wait"):
            self.gate.wait(SOON)
        return Done({"token": str(claim.token)})


@pytest.fixture
def runs() -> Iterator[Runs]:
    runs = Runs()
    yield runs
    runs.gate.set()


@pytest.fixture
def pool(runs: Runs) -> Iterator[WorkerPool]:
    pool = WorkerPool(runs, slots=2)
    yield pool
    runs.gate.set()
    pool.close(wait=True)


def held(
    priority: Priority = Priority.DEFAULT,
    *,
    quick: bool = False,
    wait: bool = False,
    budget: float = SOON,
) -> Held:
    claim = replace(a_claim("IT", {"wait": wait}), priority=priority)
    return Held(claim, Hint(claim.id, priority, 0.0), budget, quick)


def take(pool: WorkerPool, *some: Held) -> list[Held]:
    for each in some:
        pool.start(each)
    return [*some]


def tokens(some: list[Held]) -> list[UUID]:
    return [each.claim.token for each in some]


def all_ended(pool: WorkerPool, number: int) -> list[Held]:
    ended: list[Held] = []
    while len(ended) < number:
        pool.work(SOON)
        ended += pool.ended()
    return ended


def test_an_empty_pool_is_empty(pool: WorkerPool) -> None:
    pool.work(0.0)
    assert not pool
    assert not pool.ended() + pool.overdue() + pool.unstarted() + pool.running + pool.waiting


def test_quick_ones_run_in_order_in_this_thread(pool: WorkerPool, runs: Runs) -> None:
    some = take(pool, *(held(quick=True) for _ in range(20)))
    assert not runs.begun
    assert tokens(pool.waiting) == tokens(pool.held)
    pool.work(SOON)
    assert runs.begun == tokens(some)
    assert tokens(pool.ended()) == tokens(some)
    assert not pool


def test_quick_ones_stop_when_their_time_is_up(runs: Runs) -> None:
    def slow(claim: Claim) -> Outcome:
        time.sleep(0.01)
        return runs(claim)

    pool = WorkerPool(slow, slots=2)
    take(pool, *(held(quick=True) for _ in range(20)))
    pool.work(0.005)
    assert len(runs.begun) == 1
    assert len(pool.waiting) == 19


def test_others_run_in_as_many_threads_as_there_are_slots(pool: WorkerPool, runs: Runs) -> None:
    some = take(pool, *(held(wait=True) for _ in range(3)))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    assert set(runs.begun) == set(tokens(some[:2]))
    assert set(tokens(pool.running)) == set(runs.begun)
    assert pool.waiting == [some[2]]
    runs.gate.set()
    assert set(tokens(all_ended(pool, 3))) == set(tokens(some))


def test_what_has_ended_is_given_once_with_its_outcome_and_times(pool: WorkerPool) -> None:
    [one] = take(pool, held())
    [ended] = all_ended(pool, 1)
    assert ended is one
    assert ended.outcome == Done({"token": str(one.claim.token)})
    assert ended.started is not None
    assert ended.started <= ended.ended
    assert not pool.ended()
    assert not pool


def test_waiting_for_one_that_runs_ends_with_the_time_or_with_it(
    pool: WorkerPool, runs: Runs
) -> None:
    take(pool, held(wait=True))
    pool.work(0.001)
    assert not pool.ended()
    runs.gate.set()
    assert len(all_ended(pool, 1)) == 1


@pytest.mark.parametrize("quick", [True, False])
def test_what_is_not_started_can_be_given_back_and_is_not_run(
    pool: WorkerPool, runs: Runs, *, quick: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    waiting = take(pool, held(quick=quick), held(quick=quick))
    assert {*tokens(pool.unstarted())} == {*tokens(waiting)}
    assert not pool.unstarted()
    runs.gate.set()
    all_ended(pool, 2)
    pool.work(0.0)
    assert set(runs.begun) == set(tokens(running))


@pytest.mark.parametrize("quick", [True, False])
def test_what_waits_can_be_given_back_by_its_priority(
    pool: WorkerPool, runs: Runs, *, quick: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    [low, high] = take(pool, held(quick=quick), held(Priority.HIGH, quick=quick))
    assert pool.unstarted(Priority.DEFAULT) == [low]
    runs.gate.set()
    ended = all_ended(pool, 3)
    assert set(tokens(ended)) == {*tokens(running), high.claim.token}
    assert low.claim.token not in runs.begun


@pytest.mark.parametrize("quick", [True, False])
def test_what_was_dropped_before_it_began_is_not_run(
    pool: WorkerPool, runs: Runs, *, quick: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    [lost, kept] = take(pool, held(quick=quick), held(quick=quick))
    pool.drop([lost])
    assert lost not in pool.held
    runs.gate.set()
    ended = all_ended(pool, 3)
    assert set(tokens(ended)) == {*tokens(running), kept.claim.token}
    assert lost.claim.token not in runs.begun


def test_what_was_dropped_while_it_ran_has_no_outcome(pool: WorkerPool, runs: Runs) -> None:
    [lost, kept] = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    pool.drop([lost])
    runs.gate.set()
    assert all_ended(pool, 1) == [kept]
    pool.close(wait=True)
    assert not pool.ended()


def test_an_attempt_beyond_its_budget_is_let_go_of_and_its_late_outcome_is_void(
    pool: WorkerPool, runs: Runs
) -> None:
    [late, fine] = take(pool, held(wait=True, budget=0.0), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    while not (overdue := pool.overdue()):
        pool.work(0.001)
    assert overdue == [late]
    assert late.outcome is NOT_RUN
    assert pool.held == [fine]
    runs.gate.set()
    assert all_ended(pool, 1) == [fine]
    pool.close(wait=True)
    assert not pool.ended()


def test_what_has_ended_is_not_overdue(pool: WorkerPool) -> None:
    take(pool, held(quick=True, budget=0.0))
    pool.work(SOON)
    assert not pool.overdue()
    assert len(pool.ended()) == 1


def test_what_waits_for_a_slot_is_not_overdue(pool: WorkerPool, runs: Runs) -> None:
    take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    take(pool, held(budget=0.0))
    assert not pool.overdue()


def test_closing_without_waiting_leaves_what_hangs_behind(pool: WorkerPool, runs: Runs) -> None:
    take(pool, held(wait=True), held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    pool.close(wait=False)
    assert not runs.gate.is_set()
    assert len(runs.begun) == 2


@pytest.mark.parametrize("quick", [True, False])
def test_what_comes_after_its_lease_is_not_started(
    pool: WorkerPool, runs: Runs, *, quick: bool
) -> None:
    late = held(quick=quick)
    late.until = time.monotonic()
    take(pool, late)
    pool.work(SOON)
    assert pool.ended() == [late]
    assert late.started is None
    assert runs.begun == []
