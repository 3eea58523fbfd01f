"""Workers that come back after their lease has ended: they change nothing that is not theirs.

A zombie is a worker that was frozen, cut off or replaced and goes on as if nothing had happened.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.claim import Candidate, Claim
from jobs.core.errors import StoreUnavailable
from jobs.core.job import Status
from jobs.core.ports.queue import Published
from jobs.core.retry import Failed, Outcome, OutcomeUnknown, Retry, Succeeded, WorkerLost, decide
from jobs.core.worker.context import DrainContext
from jobs.core.worker.fallback_queue import FallbackQueue
from jobs.core.worker.leases import Leases
from jobs.core.worker.store_retry import StoreRetry
from support.engine import draining
from support.job_types import calling

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from uuid import UUID

    from jobs.core.claim import Settlement
    from jobs.core.ports.store import JobStore, Settled
    from support.engine import Engine, MakeEngine


OUTCOMES: list[Outcome] = [
    Succeeded({"by": "the zombie"}),
    Retry("the zombie failed"),
    OutcomeUnknown("the zombie does not know"),
    Failed("the zombie gives up"),
]


def settle(engine: Engine, claim: Claim, outcome: Outcome) -> bool:
    return engine.store.settle([decide(claim, outcome)]).ids == frozenset({claim.id})


def lose(engine: Engine, claim: Claim) -> None:
    """Let the lease end, and another worker note it; the job is due again at once."""
    engine.expire(claim.id)
    [lost] = ask(engine, claim.id).lost
    assert settle(engine, lost, WorkerLost())
    engine.expire(claim.id)


def ask(engine: Engine, job_id: UUID, *, alone: bool = False) -> Any:
    hint = Candidate(job_id, engine.job(job_id).priority, 0.0)
    return engine.store.claim([hint], uuid4(), lease=30.0, request_id="other", alone=alone)


def everything(engine: Engine, job_id: UUID) -> Any:
    """All that there is of a job: row, history, entries."""
    history = engine.sql(
        "SELECT * FROM job_attempts WHERE job_id = %s ORDER BY started_at", str(job_id)
    )
    return engine.row(job_id), history, engine.queued()


def report(engine: Engine, claim: Claim, outcome: Outcome) -> Counter[str]:
    """End an attempt as a drain does: the row, then the queue. Returns the drain's counts."""
    context = DrainContext(engine.config, engine.invocation(), 60.0)
    queue = FallbackQueue(
        engine.queue, engine.store, "zombie", engine.log, rebuild=lambda: Published(0, wake=False)
    )
    leases = Leases(context, queue, StoreRetry(engine.log, lambda: None))
    leases.settle_later(claim, outcome)
    leases.settle()
    return context.result.counts


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_what_a_zombie_reports_of_a_job_that_somebody_else_runs_changes_nothing(
    engine: Engine, outcome: Outcome
) -> None:
    job_id = engine.submit()
    [zombie] = engine.claim(job_id)
    lose(engine, zombie)
    [second] = ask(engine, job_id, alone=True).claims
    before = everything(engine, job_id)
    assert report(engine, zombie, outcome)["stale"] == 1
    assert everything(engine, job_id) == before
    assert settle(engine, second, Succeeded({"by": "the second"}))
    job = engine.job(job_id)
    assert (job.status, job.attempts, job.result) == (
        Status.COMPLETED,
        2,
        {"by": "the second"},
    )
    assert [each.outcome for each in job.history] == ["lost", "completed"]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_what_a_zombie_reports_of_a_job_that_waits_for_its_next_run_changes_nothing(
    engine: Engine, outcome: Outcome
) -> None:
    job_id = engine.submit()
    [zombie] = engine.claim(job_id)
    lose(engine, zombie)
    before = everything(engine, job_id)
    assert report(engine, zombie, outcome)["stale"] == 1
    assert everything(engine, job_id) == before


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_what_a_zombie_reports_of_a_job_that_is_over_changes_nothing(
    engine: Engine, outcome: Outcome
) -> None:
    job_id = engine.submit(max_attempts=1)
    [zombie] = engine.claim(job_id)
    lose(engine, zombie)
    [second] = ask(engine, job_id, alone=True).claims
    assert settle(engine, second, Failed("by the second"))
    before = everything(engine, job_id)
    assert report(engine, zombie, outcome)["stale"] == 1
    assert everything(engine, job_id) == before


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_a_job_lost_for_good_stays_failed_whatever_its_zombie_reports(
    engine: Engine, outcome: Outcome
) -> None:
    job_id = engine.submit(max_attempts=1)
    [zombie] = engine.claim(job_id, alone=True)
    engine.expire(job_id)
    [lost] = ask(engine, job_id).lost
    assert settle(engine, lost, WorkerLost())
    assert engine.job(job_id).status is Status.FAILED
    before = everything(engine, job_id)
    assert report(engine, zombie, outcome)["stale"] == 1
    assert everything(engine, job_id) == before


def test_a_zombie_neither_renews_nor_releases_what_somebody_else_has(engine: Engine) -> None:
    job_id = engine.submit()
    [zombie] = engine.claim(job_id)
    lose(engine, zombie)
    assert not engine.store.renew([zombie], lease=30.0)
    assert not engine.store.release([zombie])
    ask(engine, job_id, alone=True)
    before = everything(engine, job_id)
    assert not engine.store.renew([zombie], lease=30.0)
    assert not engine.store.release([zombie])
    assert everything(engine, job_id) == before


def test_a_lease_that_has_ended_cannot_be_renewed(engine: Engine) -> None:
    """Not even by its holder, and before anybody else has noticed."""
    live, ended = engine.submit(), engine.submit()
    claims = engine.claim(live, ended)
    engine.expire(ended)
    before = engine.row(ended)
    assert engine.store.renew(claims, lease=30.0) == {live}
    assert engine.row(ended) == before


def test_only_a_lease_that_has_ended_can_be_called_lost(engine: Engine) -> None:
    """The worker of a live lease may be on its way to say that it is done."""
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    before = everything(engine, job_id)
    assert not settle(engine, claim, WorkerLost())
    assert everything(engine, job_id) == before
    engine.expire(job_id)
    assert settle(engine, claim, WorkerLost())


def test_a_lease_renewed_after_it_was_seen_to_have_ended_is_not_lost(engine: Engine) -> None:
    """Seen by one poller, then (by a clock that stepped back) renewed by its holder."""
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    engine.expire(job_id)
    [lost] = ask(engine, job_id).lost
    engine.sql("UPDATE jobs SET lease_until = now() + interval '9 s'")
    assert not settle(engine, lost, WorkerLost())
    assert settle(engine, claim, Succeeded({}))


def test_two_pollers_that_see_the_same_loss_count_it_once(engine: Engine) -> None:
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    engine.expire(job_id)
    [first], [second] = ask(engine, job_id).lost, ask(engine, job_id).lost
    assert settle(engine, first, WorkerLost())
    assert settle(engine, second, WorkerLost())
    assert engine.sql("SELECT losses, attempts FROM jobs") == [(1, 1)]
    assert [each.outcome for each in engine.job(job_id).history] == ["lost"]
    assert not settle(engine, claim, Succeeded({}))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_the_holder_may_end_its_attempt_late_while_nobody_has_noticed(
    engine: Engine, outcome: Outcome
) -> None:
    """What was done is not thrown away for being late, as long as nobody else began."""
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    engine.expire(job_id)
    assert settle(engine, claim, outcome)
    assert [each.outcome for each in engine.job(job_id).history] != ["lost"]


# Answers that were lost: the same is asked again


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_an_ending_asked_for_again_is_recognised_and_happens_once(
    engine: Engine, outcome: Outcome
) -> None:
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    assert settle(engine, claim, outcome)
    before = everything(engine, job_id)
    assert settle(engine, claim, outcome)
    assert everything(engine, job_id) == before


def test_an_ending_asked_for_again_is_recognised_within_a_batch(engine: Engine) -> None:
    claims = engine.claim(*(engine.submit() for _ in range(3)))
    ends = [decide(claim, Succeeded({"n": n})) for n, claim in enumerate(claims)]
    ids = {claim.id for claim in claims}
    assert engine.store.settle(ends[:2]).ids == frozenset(claim.id for claim in claims[:2])
    assert engine.store.settle(ends).ids == frozenset(ids)
    assert engine.store.settle(ends).ids == frozenset(ids)
    assert engine.sql("SELECT count(*) FROM job_attempts") == [(3,)]


def test_an_ending_is_not_taken_for_another_that_was_asked_for_before(engine: Engine) -> None:
    job_id = engine.submit()
    [claim] = engine.claim(job_id)
    assert settle(engine, claim, Retry("it failed"))
    assert not settle(engine, claim, Succeeded({}))
    assert not settle(engine, claim, OutcomeUnknown("no"))
    assert engine.job(job_id).status is Status.PENDING


def test_an_ending_asked_for_again_when_the_next_attempt_runs_is_not_its_own(
    engine: Engine,
) -> None:
    """It is recorded already; the entry in the queue belongs to the new attempt by now."""
    job_id = engine.submit()
    [first] = engine.claim(job_id)
    assert settle(engine, first, Retry("it failed"))
    engine.expire(job_id)
    [second] = engine.claim(job_id)
    before = everything(engine, job_id)
    report(engine, first, Retry("it failed"))
    assert everything(engine, job_id) == before
    assert settle(engine, second, Succeeded({}))


class LosesAnswers:
    """A store whose answer to `settle` is lost, `times` times, after the rows were changed."""

    def __init__(self, store: JobStore, times: int) -> None:
        self._store = store
        self._left = times
        self.asked: list[Sequence[Settlement]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        self.asked.append(settlements)
        settled = self._store.settle(settlements)
        if self._left:
            self._left -= 1
            raise StoreUnavailable
        return settled


@pytest.mark.parametrize("payload", [{}, {"how": "permanent"}, {"times": 1}], ids=str)
def test_a_drain_whose_answer_was_lost_asks_again_and_runs_nothing_again(
    engine: Engine, make_engine: MakeEngine, payload: dict[str, Any]
) -> None:
    job_id = engine.submit("FAIL", payload)
    store = LosesAnswers(engine.store, times=2)
    drained = make_engine(store=store).drain()
    assert store.asked[0] == store.asked[1] == store.asked[2]
    job = engine.job(job_id)
    attempts = {"{}": 3, "{'how': 'permanent'}": 1, "{'times': 1}": 2}[str(payload)]
    assert (job.status.is_final, job.attempts, len(job.history)) == (True, attempts, attempts)
    assert drained.counts["stale"] == 0
    assert engine.queued() == {"{jobs}:high_priority": [], "{jobs}:default": []}


# A poller that is frozen in the middle of its work, and thaws


class Frozen:
    """Freezes the drain of an invocation at its next step, as SIGSTOP would, once told to."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.reached = threading.Event()
        self.thawed = threading.Event()

    def alive(self) -> None:
        if self.asked.is_set():
            self.reached.set()
            self.thawed.wait()


@pytest.mark.parametrize("how", ["done", "failed"])
def test_a_poller_that_was_frozen_in_mid_effect_ends_nothing_that_went_to_another(
    make_engine: MakeEngine, how: str
) -> None:
    begun, go_on, frozen = threading.Event(), threading.Event(), Frozen()
    tokens: list[UUID] = []

    def work(claim: Claim) -> None:
        tokens.append(claim.token)
        if claim.attempt == 1:
            begun.set()
            go_on.wait()
            if how == "failed":
                raise RuntimeError("the zombie failed")

    types = {"WORK": calling("WORK", work, max_seconds=30.0)}
    zombie, other = make_engine(types=types), make_engine(types=types)
    job_id = other.submit("WORK")
    with draining([zombie], alive=frozen.alive) as drained:
        begun.wait()
        frozen.asked.set()
        frozen.reached.wait()
        other.expire(job_id)
        other.drain(wait_for_leases=True)
        before = everything(other, job_id)
        go_on.set()
        frozen.thawed.set()
    assert everything(other, job_id) == before
    job = other.job(job_id)
    assert (job.status, job.attempts) == (Status.COMPLETED, 2)
    assert [each.outcome for each in job.history] == ["lost", "completed"]
    assert len(set(tokens)) == 2
    assert (
        drained[0].counts["completed"] + drained[0].counts["failed"] == drained[0].counts["stale"]
    )
