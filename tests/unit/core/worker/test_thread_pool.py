"""What a poller holds: what is begun and when, and that what was let go of is not begun."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jobs.core.claim import Candidate, Claim
from jobs.core.job import Priority
from jobs.core.retry import Outcome, Succeeded
from jobs.core.worker.thread_pool import NOT_RUN, HeldClaim, ThreadPool
from support.claims import a_claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
        return Succeeded({"token": str(claim.token)})


@pytest.fixture
def runs() -> Iterator[Runs]:
    runs = Runs()
    yield runs
    runs.gate.set()


@pytest.fixture
def pool(runs: Runs) -> Iterator[ThreadPool]:
    pool = ThreadPool(runs, slots=2)
    yield pool
    runs.gate.set()
    pool.close(wait=True)


def held(
    priority: Priority = Priority.DEFAULT,
    *,
    runs_inline: bool = False,
    wait: bool = False,
    max_seconds: float = SOON,
) -> HeldClaim:
    claim = replace(a_claim("IT", {"wait": wait}), priority=priority)
    return HeldClaim(claim, Candidate(claim.id, priority, 0.0), max_seconds, runs_inline)


def take(pool: ThreadPool, *some: HeldClaim) -> list[HeldClaim]:
    for each in some:
        pool.start(each)
    return [*some]


def tokens(some: Iterable[HeldClaim]) -> list[UUID]:
    return [each.claim.token for each in some]


def all_ended(pool: ThreadPool, number: int) -> list[HeldClaim]:
    ended: list[HeldClaim] = []
    while len(ended) < number:
        pool.work(SOON)
        ended += pool.ended()
    return ended


def test_an_empty_pool_is_empty(pool: ThreadPool) -> None:
    pool.work(0.0)
    assert not pool.held
    assert not pool.ended() + pool.overdue() + pool.unstarted() + pool.running + pool.waiting


def test_quick_ones_run_in_order_in_this_thread(pool: ThreadPool, runs: Runs) -> None:
    some = take(pool, *(held(runs_inline=True) for _ in range(20)))
    assert not runs.begun
    assert {*tokens(pool.waiting)} == {*tokens(pool.held)} == {*tokens(some)}
    pool.work(SOON)
    assert runs.begun == tokens(some)
    assert tokens(pool.ended()) == tokens(some)
    assert not pool.held


def test_quick_ones_stop_when_their_time_is_up(runs: Runs) -> None:
    def slow(claim: Claim) -> Outcome:
        time.sleep(0.01)
        return runs(claim)

    pool = ThreadPool(slow, slots=2)
    take(pool, *(held(runs_inline=True) for _ in range(20)))
    pool.work(0.005)
    assert len(runs.begun) == 1
    assert len(pool.waiting) == 19


def test_others_run_in_as_many_threads_as_there_are_slots(pool: ThreadPool, runs: Runs) -> None:
    some = take(pool, *(held(wait=True) for _ in range(3)))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    assert set(runs.begun) == set(tokens(some[:2]))
    assert set(tokens(pool.running)) == set(runs.begun)
    assert pool.waiting == [some[2]]
    runs.gate.set()
    assert set(tokens(all_ended(pool, 3))) == set(tokens(some))


def test_starts_are_told_of_in_their_order_by_however_many_threads(runs: Runs) -> None:
    told: list[UUID] = []

    def begin(claim: Claim) -> None:
        # The later it came, the sooner it would be told of, if several could be at a time.
        time.sleep(0.002 / (1 + len(told) % 16))
        told.append(claim.token)

    pool = ThreadPool(runs, slots=16, begin=begin)
    some = take(pool, *(held() for _ in range(200)))
    all_ended(pool, 200)
    assert told == tokens(some)
    pool.close(wait=True)


def test_what_was_withdrawn_leaves_the_others_in_their_order(pool: ThreadPool, runs: Runs) -> None:
    told: list[UUID] = []
    pool.begin = lambda claim: told.append(claim.token)
    blocking = take(pool, held(wait=True), held(wait=True))
    for _ in blocking:
        assert runs.some.acquire(timeout=SOON)
    some = take(pool, *(held(priority) for priority in (*Priority, *Priority, *Priority)))
    withdrawn = pool.unstarted(Priority.DEFAULT)
    assert {*withdrawn} == {*some[1::2]}
    runs.gate.set()
    all_ended(pool, 5)
    assert told == tokens([*blocking, *some[::2]])
    assert {*runs.begun} == {*told}


def test_what_has_ended_is_given_once_with_its_outcome_and_times(pool: ThreadPool) -> None:
    [one] = take(pool, held())
    [ended] = all_ended(pool, 1)
    assert ended is one
    assert ended.outcome == Succeeded({"token": str(one.claim.token)})
    assert ended.started is not None
    assert ended.started <= ended.ended
    assert not pool.ended()
    assert not pool.held


def test_waiting_for_one_that_runs_ends_with_the_time_or_with_it(
    pool: ThreadPool, runs: Runs
) -> None:
    take(pool, held(wait=True))
    pool.work(0.001)
    assert not pool.ended()
    runs.gate.set()
    assert len(all_ended(pool, 1)) == 1


@pytest.mark.parametrize("runs_inline", [True, False])
def test_what_is_not_started_can_be_given_back_and_is_not_run(
    pool: ThreadPool, runs: Runs, *, runs_inline: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    waiting = take(pool, held(runs_inline=runs_inline), held(runs_inline=runs_inline))
    assert {*tokens(pool.unstarted())} == {*tokens(waiting)}
    assert not pool.unstarted()
    runs.gate.set()
    all_ended(pool, 2)
    pool.work(0.0)
    assert set(runs.begun) == set(tokens(running))


@pytest.mark.parametrize("runs_inline", [True, False])
def test_what_waits_can_be_given_back_by_its_priority(
    pool: ThreadPool, runs: Runs, *, runs_inline: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    [low, high] = take(
        pool, held(runs_inline=runs_inline), held(Priority.HIGH, runs_inline=runs_inline)
    )
    assert pool.unstarted(Priority.DEFAULT) == [low]
    runs.gate.set()
    ended = all_ended(pool, 3)
    assert set(tokens(ended)) == {*tokens(running), high.claim.token}
    assert low.claim.token not in runs.begun


@pytest.mark.parametrize("runs_inline", [True, False])
def test_what_was_dropped_before_it_began_is_not_run(
    pool: ThreadPool, runs: Runs, *, runs_inline: bool
) -> None:
    running = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    [lost, kept] = take(pool, held(runs_inline=runs_inline), held(runs_inline=runs_inline))
    pool.drop([lost])
    assert lost not in pool.held
    runs.gate.set()
    ended = all_ended(pool, 3)
    assert set(tokens(ended)) == {*tokens(running), kept.claim.token}
    assert lost.claim.token not in runs.begun


def test_what_was_dropped_while_it_ran_has_no_outcome(pool: ThreadPool, runs: Runs) -> None:
    [lost, kept] = take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    pool.drop([lost])
    runs.gate.set()
    assert all_ended(pool, 1) == [kept]
    pool.close(wait=True)
    assert not pool.ended()


def test_an_attempt_beyond_its_budget_is_let_go_of_and_its_late_outcome_is_void(
    pool: ThreadPool, runs: Runs
) -> None:
    [late, fine] = take(pool, held(wait=True, max_seconds=0.0), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    while not (overdue := pool.overdue()):
        pool.work(0.001)
    assert overdue == [late]
    assert late.outcome is NOT_RUN
    assert pool.held == {fine}
    runs.gate.set()
    assert all_ended(pool, 1) == [fine]
    pool.close(wait=True)
    assert not pool.ended()


def test_what_has_ended_is_not_overdue(pool: ThreadPool) -> None:
    take(pool, held(runs_inline=True, max_seconds=0.0))
    pool.work(SOON)
    assert not pool.overdue()
    assert len(pool.ended()) == 1


def test_what_waits_for_a_slot_is_not_overdue(pool: ThreadPool, runs: Runs) -> None:
    take(pool, held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    take(pool, held(max_seconds=0.0))
    assert not pool.overdue()


def test_closing_without_waiting_leaves_what_hangs_behind(pool: ThreadPool, runs: Runs) -> None:
    take(pool, held(wait=True), held(wait=True), held(wait=True))
    for _ in range(2):
        assert runs.some.acquire(timeout=SOON)
    pool.close(wait=False)
    assert not runs.gate.is_set()
    assert len(runs.begun) == 2


@pytest.mark.parametrize("runs_inline", [True, False])
def test_what_comes_after_its_lease_is_not_started(
    pool: ThreadPool, runs: Runs, *, runs_inline: bool
) -> None:
    late = held(runs_inline=runs_inline)
    late.until = time.monotonic()
    take(pool, late)
    pool.work(SOON)
    assert pool.ended() == [late]
    assert late.started is None
    assert runs.begun == []
