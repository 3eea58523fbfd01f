"""Poison sinks alone: who lost a lease runs with nobody beside it, and takes no neighbour along.

A worker that dies is one that claims and never comes back: its leases are let go by.
"""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from jobs.core.claim import Candidate
from jobs.core.job import Priority, Status
from jobs.core.retry import Failed, Outcome, Retry, Succeeded, WorkerLost, decide
from support.engine import MakeEngine, draining
from support.hooked import Hooked
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from jobs.core.claim import Claim, ClaimResult
    from jobs.core.job_type import JobType
    from support.engine import Engine

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT
LOST = "worker lost: the lease ended before the attempt did"


def ask(engine: Engine, *job_ids: UUID, alone: bool = False) -> ClaimResult:
    hints = [Candidate(job_id, engine.job(job_id).priority, 0.0) for job_id in job_ids]
    return engine.store.claim(hints, uuid4(), lease=30.0, request_id="r", alone=alone)


def end(engine: Engine, claim: Claim, outcome: Outcome) -> None:
    assert engine.store.settle([decide(claim, outcome)]).ids == frozenset({claim.id})
    engine.expire(claim.id)


def die(engine: Engine, *job_ids: UUID, alone: bool = False) -> None:
    """A worker claims these together and dies of it; somebody notes it, and the waits go by."""
    assert len(ask(engine, *job_ids, alone=alone).claims) == len(job_ids)
    engine.expire(*job_ids)
    lost = ask(engine, *job_ids).lost
    assert {claim.id for claim in lost} == {*job_ids}
    for claim in lost:
        end(engine, claim, WorkerLost())


def book(engine: Engine, job_id: UUID) -> tuple[int, int, bool]:
    """Attempts counted, leases lost, and whether the last claim was alone."""
    [row] = engine.sql("SELECT attempts, losses, alone FROM jobs WHERE id = %s", str(job_id))
    return row[0], row[1], row[2]


# The rows


def test_who_lost_a_lease_is_claimed_alone_only(engine: Engine) -> None:
    job_id = engine.submit()
    die(engine, job_id)
    assert book(engine, job_id) == (1, 1, False)
    assert ask(engine, job_id).quarantined == (job_id,)
    [claim] = ask(engine, job_id, alone=True).claims
    assert (claim.alone, claim.losses, claim.attempt) == (True, 1, 2)
    assert book(engine, job_id) == (2, 1, True)


def test_a_suspect_is_left_out_of_a_batch_that_is_claimed_together(engine: Engine) -> None:
    suspect, others = engine.submit(), [engine.submit() for _ in range(3)]
    die(engine, suspect)
    claimed = ask(engine, others[0], suspect, *others[1:])
    assert [claim.id for claim in claimed.claims] == others
    assert claimed.quarantined == (suspect,)
    assert engine.job(suspect).status is Status.PENDING


def test_a_neighbour_on_its_last_attempt_gets_it_back(engine: Engine) -> None:
    poison, neighbour = engine.submit(), engine.submit(max_attempts=1)
    die(engine, poison, neighbour)
    assert engine.job(neighbour).status is Status.PENDING
    assert book(engine, neighbour) == (0, 1, False)
    [claim] = ask(engine, neighbour, alone=True).claims
    end(engine, claim, Succeeded({}))
    job = engine.job(neighbour)
    assert (job.status, job.attempts) == (Status.COMPLETED, 1)
    assert [(each.number, each.outcome) for each in job.history] == [(1, "lost"), (1, "completed")]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_poison_fails_after_the_attempts_that_were_its_own(engine: Engine, most: int) -> None:
    poison = engine.submit(max_attempts=most)
    die(engine, poison)
    while engine.job(poison).status is Status.PENDING:
        die(engine, poison, alone=True)
    job = engine.job(poison)
    assert (job.status, job.attempts, job.error) == (Status.FAILED, most, LOST)
    assert {each.outcome for each in job.history} == {"lost"}
    assert len(job.history) == max(most, 2), "once in company, and never again"


def test_a_loss_in_company_is_given_back_once(engine: Engine) -> None:
    job_id = engine.submit(max_attempts=1)
    die(engine, job_id)
    die(engine, job_id, alone=True)
    assert engine.job(job_id).status is Status.FAILED


def test_who_lost_a_lease_and_fails_by_itself_is_still_run_alone(engine: Engine) -> None:
    job_id = engine.submit()
    die(engine, job_id)
    [claim] = ask(engine, job_id, alone=True).claims
    end(engine, claim, Retry("no"))
    assert ask(engine, job_id).quarantined == (job_id,)


def test_a_released_suspect_is_a_suspect_still(engine: Engine) -> None:
    job_id = engine.submit()
    die(engine, job_id)
    claims = ask(engine, job_id, alone=True).claims
    assert engine.store.release(claims) == {job_id}
    assert book(engine, job_id)[:2] == (1, 1)
    assert ask(engine, job_id).quarantined == (job_id,)


# The drain


class Company:
    """Job types that note who runs beside whom."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.claimable_priorities: dict[UUID, set[UUID]] = {}
        self._running: set[UUID] = set()
        self._lock = threading.Lock()
        self.types: Mapping[str, JobType] = TEST_TYPES | {
            "SLOW": calling("SLOW", self._run, max_seconds=30.0),
            "QUICK": calling("QUICK", self._run, runs_inline=True),
        }

    def _run(self, claim: Claim) -> None:
        with self._lock:
            self.begun.append(claim.id)
            for other in self._running:
                self.claimable_priorities.setdefault(other, set()).add(claim.id)
            self.claimable_priorities.setdefault(claim.id, set()).update(self._running)
            self._running.add(claim.id)
        if claim.type == "SLOW":
            time.sleep(0.01)
        with self._lock:
            self._running.discard(claim.id)


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def poller(make_engine: MakeEngine, company: Company) -> Engine:
    return make_engine(types=company.types)


def suspects(engine: Engine, number: int, priority: Priority = DEFAULT) -> list[UUID]:
    jobs = [engine.submit("SLOW", priority=priority) for _ in range(number)]
    die(engine, *jobs)
    return jobs


def test_a_suspect_runs_with_nobody_beside_it(poller: Engine, company: Company) -> None:
    some = suspects(poller, 3)
    others = [poller.submit("SLOW") for _ in range(20)]
    poller.drain()
    assert all(not company.claimable_priorities[each] for each in some)
    assert any(company.claimable_priorities[each] for each in others), "others run side by side"
    assert poller.statuses() == {"completed": 23}


@pytest.mark.parametrize("job_type", ["SLOW", "QUICK"])
def test_suspects_and_other_work_take_turns(
    poller: Engine, company: Company, job_type: str
) -> None:
    """No matter how much there is of one kind, the other is not kept waiting for its end."""
    some = suspects(poller, 12)
    others = [poller.submit(job_type) for _ in range(300)]
    poller.drain()
    turns = [each in set(some) for each in company.begun]
    while_both_were_ready = turns[: len(turns) - turns[::-1].index(False)]
    assert while_both_were_ready.count(True) > 1, "suspects did not wait for the end of the rest"
    assert not any(one and next_one for one, next_one in pairwise(while_both_were_ready))
    assert len(company.begun) == len(some) + len(others)


def test_a_high_job_is_begun_before_a_default_suspect(poller: Engine, company: Company) -> None:
    some = suspects(poller, 5)
    high = [poller.submit("QUICK", priority=HIGH) for _ in range(5)]
    poller.drain()
    assert company.begun == [*high, *company.begun[5:]]
    assert set(company.begun[5:]) == set(some)


def test_a_high_job_that_comes_while_suspects_run_is_next(
    make_engine: MakeEngine, company: Company
) -> None:
    api = make_engine(types=company.types)
    some = suspects(api, 6)
    high: list[UUID] = []

    def publish() -> None:
        if len(company.begun) == 2 and not high:
            high.append(api.submit("QUICK", priority=HIGH))

    make_engine(types=company.types).drain(alive=publish)
    assert company.begun.index(high[0]) <= 3, "one suspect may have been begun meanwhile"
    assert len(company.begun) == len(some) + 1


def test_a_high_suspect_goes_before_default_ones(poller: Engine, company: Company) -> None:
    default, high = suspects(poller, 2), suspects(poller, 2, HIGH)
    poller.drain()
    assert set(company.begun[:2]) == set(high)
    assert set(company.begun[2:]) == set(default)


def test_nothing_is_claimed_beside_a_suspect_however_much_is_ready(
    make_engine: MakeEngine,
) -> None:
    """Others may be needed meanwhile, and the poller says so."""
    begun, go_on = threading.Event(), threading.Event()

    def work(_: Claim) -> None:
        begun.set()
        go_on.wait(120)

    types = TEST_TYPES | {"WORK": calling("WORK", work, max_seconds=60.0)}
    api = make_engine(types=types)
    job_id = api.submit("WORK")
    die(api, job_id)
    api.waker.wakes.clear()
    told: list[bool] = []
    queue = Hooked(api.queue, after={"take": lambda taken: told.append(taken.wake)})
    poller = make_engine(types=types, queue=queue)
    with draining([poller]):
        assert begun.wait(60)
        other = api.submit()
        while not (api.waker.wakes or any(told)):
            time.sleep(0.001)
        assert api.job(other).status is Status.PENDING
        go_on.set()
    assert api.statuses() == {"completed": 2}


def test_good_jobs_around_one_that_is_lost_again_and_again_all_complete(
    make_engine: MakeEngine, company: Company
) -> None:
    """The poison is claimed by workers that die of it; a drain goes on between its attempts."""
    api = make_engine(types=company.types)
    good = [api.submit("SLOW", max_attempts=1) for _ in range(20)]
    poison = api.submit(max_attempts=3)
    die(api, *good, poison)
    poller = make_engine(types=company.types)
    die(api, poison, alone=True)
    die(api, poison, alone=True)
    poller.drain()
    assert api.job(poison).status is Status.FAILED
    assert {api.job(each).status for each in good} == {Status.COMPLETED}
    assert all(not company.claimable_priorities[each] for each in good)


def test_a_suspect_that_gives_up_is_over(poller: Engine) -> None:
    job_id = poller.submit()
    die(poller, job_id)
    [claim] = ask(poller, job_id, alone=True).claims
    end(poller, claim, Failed("no"))
    assert poller.job(job_id).status is Status.FAILED
    assert not ask(poller, job_id, alone=True).claims
