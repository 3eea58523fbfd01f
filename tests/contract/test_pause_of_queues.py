"""What every `JobStore` does about queues that are paused: the fake, and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.core.claim import ClaimResult, NotClaimed
from jobs.core.job import Job, Priority, Status
from jobs.core.ports.store import QueueState
from jobs.core.retry import Retry, Succeeded, WorkerLost
from support.rows import LEASE, hint

if TYPE_CHECKING:
    from support.rows import Rows

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


def found(rows: Rows) -> tuple[set[object], set[object], bool]:
    """What is due, what the queues ought to hold, and whether there is anything to wait for."""
    return (
        {each.id for each in rows.store.due(9)},
        {each.id for each in rows.store.open_entries(9)},
        rows.store.next_due() is not None,
    )


def test_no_queue_is_paused_at_first(rows: Rows) -> None:
    assert list(rows.store.queues()) == [QueueState(HIGH), QueueState(DEFAULT)]


def test_a_queue_is_paused_since_it_was_first_paused(rows: Rows) -> None:
    state = rows.store.pause(HIGH)
    assert (state.priority, state.paused_at is None) == (HIGH, False)
    assert state.paused_at
    assert state.paused_at.tzinfo
    assert rows.store.pause(HIGH) == state
    assert list(rows.store.queues()) == [state, QueueState(DEFAULT)]
    for _ in range(2):
        assert rows.store.resume(HIGH) == QueueState(HIGH)
    assert list(rows.store.queues()) == [QueueState(HIGH), QueueState(DEFAULT)]


def test_no_job_of_a_paused_queue_is_claimed(rows: Rows) -> None:
    job, other = rows.insert(HIGH), rows.insert(DEFAULT)
    rows.store.pause(HIGH)
    claimed = rows.ask(job, other)
    assert claimed.paused == (job.id,)
    assert [claim.id for claim in claimed.claims] == [other.id]
    assert not claimed.not_claimed
    assert (rows.get(job.id).status, rows.get(job.id).attempts) == (Status.PENDING, 0)
    rows.store.resume(HIGH)
    assert rows.claim(job).attempt == 1


def test_a_suspect_of_a_paused_queue_is_not_claimed_alone_either(rows: Rows) -> None:
    job = rows.insert()
    rows.lose(rows.claim(job))
    rows.store.pause(DEFAULT)
    assert rows.ask(job, alone=True) == rows.ask(job) == ClaimResult(paused=(job.id,))


def test_a_job_whose_time_has_not_come_is_paused_too(rows: Rows) -> None:
    job = rows.insert(delay=600.0)
    rows.store.pause(DEFAULT)
    assert rows.ask(job) == ClaimResult(paused=(job.id,))


def test_what_is_over_or_misplaced_is_cleared_away_all_the_same(rows: Rows) -> None:
    done, high = rows.insert(), rows.insert(HIGH)
    rows.settle(rows.claim(done), Succeeded({}))
    rows.store.pause(DEFAULT)
    assert rows.ask(done) == ClaimResult(not_claimed=(NotClaimed(done.id, DEFAULT, None),))
    misplaced = rows.store.claim([hint(high, DEFAULT)], high.id, lease=LEASE, request_id=None)
    assert misplaced.not_claimed[0] == NotClaimed(high.id, DEFAULT, None)


def test_what_waits_in_a_paused_queue_is_not_found_until_it_goes_on(rows: Rows) -> None:
    job = rows.insert(HIGH)
    later = rows.insert(HIGH, delay=600.0)
    assert found(rows) == ({job.id}, {job.id, later.id}, True)
    rows.store.pause(HIGH)
    assert found(rows) == (set(), set(), False)
    other = rows.insert(DEFAULT)
    assert found(rows) == ({other.id}, {other.id}, True)
    rows.store.resume(HIGH)
    assert found(rows) == ({job.id, other.id}, {job.id, later.id, other.id}, True)


def test_what_is_being_worked_on_goes_on_to_its_end(rows: Rows) -> None:
    done, tried = rows.insert(), rows.insert()
    claims = [rows.claim(done), rows.claim(tried)]
    rows.store.pause(DEFAULT)
    assert rows.store.renew(claims, lease=LEASE) == {done.id, tried.id}
    assert found(rows) == (set(), {done.id, tried.id}, True)
    assert rows.settle(claims[0], Succeeded({}))
    assert rows.settle(claims[1], Retry("no"))
    assert rows.get(done.id).status is Status.COMPLETED
    rows.advance(9)
    assert rows.ask(tried) == ClaimResult(paused=(tried.id,)), "the retry waits"
    rows.store.resume(DEFAULT)
    assert rows.claim(tried).attempt == 2


def test_a_lease_that_ends_while_its_queue_is_paused_is_noted(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.store.pause(DEFAULT)
    rows.advance(LEASE)
    assert found(rows) == ({job.id}, {job.id}, True)
    assert rows.ask(job).lost == (claim,)
    assert rows.settle(claim, WorkerLost())
    assert rows.get(job.id).status is Status.PENDING
    assert found(rows) == (set(), set(), False)


def test_a_claim_that_is_given_back_waits(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.store.pause(DEFAULT)
    assert rows.store.release([claim]) == {job.id}
    assert rows.ask(job) == ClaimResult(paused=(job.id,))


def test_asking_again_for_a_claim_that_was_made_before_the_pause_finds_it(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.store.pause(DEFAULT)
    assert rows.ask(job, token=claim.token).claims == (claim,)


@pytest.mark.parametrize("priority", Priority)
def test_a_paused_queue_counts_what_waits_in_it_and_says_so(rows: Rows, priority: Priority) -> None:
    rows.store.pause(priority)
    running: Job = rows.insert(DEFAULT if priority is HIGH else HIGH)
    rows.claim(running)
    rows.insert(priority)
    for each in rows.store.queue_stats():
        expected = (1, 0, True) if each.priority is priority else (0, 1, False)
        assert (each.ready, each.in_flight, each.paused) == expected
