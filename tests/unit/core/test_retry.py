"""What becomes of a job after an attempt: every outcome, at every attempt, in company and alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from uuid import uuid4

import pytest

from jobs.core.claim import Claim
from jobs.core.job import Backoff, BackoffType, Priority, Status
from jobs.core.retry import (
    MAX_WAIT_SECONDS,
    Failed,
    Outcome,
    OutcomeUnknown,
    Retry,
    Succeeded,
    WorkerLost,
    backoff,
    decide,
)

COMPLETED, FAILED, PENDING = Status.COMPLETED, Status.FAILED, Status.PENDING
DONE, GIVE_UP, AGAIN, UNKNOWN, LOST = (
    Succeeded({"n": 1}),
    Failed("no use"),
    Retry("not now"),
    OutcomeUnknown("no answer"),
    WorkerLost(),
)


def claim(attempt: int, most: int, *, alone: bool = False) -> Claim:
    return Claim(uuid4(), "NOOP", Priority.HIGH, {}, attempt, most, uuid4(), alone)


@dataclass(frozen=True)
class Case:
    """An attempt and its outcome; the settlement they come to."""

    outcome: Outcome
    attempt: int
    most: int
    company: str
    status: Status
    recorded: str
    delay: float | None
    notes: str


TABLE = [
    Case(DONE, 1, 3, "in company", COMPLETED, "completed", None, ""),
    Case(DONE, 3, 3, "in company", COMPLETED, "completed", None, ""),
    Case(DONE, 1, 1, "alone", COMPLETED, "completed", None, ""),
    Case(GIVE_UP, 1, 3, "in company", FAILED, "failed", None, ""),
    Case(GIVE_UP, 3, 3, "alone", FAILED, "failed", None, ""),
    Case(AGAIN, 1, 3, "in company", PENDING, "failed", 1.0, ""),
    Case(AGAIN, 2, 3, "in company", PENDING, "failed", 2.0, ""),
    Case(AGAIN, 3, 3, "in company", FAILED, "failed", None, ""),
    Case(AGAIN, 3, 4, "alone", PENDING, "failed", 4.0, ""),
    Case(AGAIN, 1, 1, "in company", FAILED, "failed", None, ""),
    Case(UNKNOWN, 1, 3, "in company", PENDING, "unknown", 1.0, ""),
    Case(UNKNOWN, 2, 3, "alone", PENDING, "unknown", 2.0, ""),
    Case(UNKNOWN, 3, 3, "in company", FAILED, "unknown", None, ""),
    Case(LOST, 1, 3, "in company", PENDING, "lost", 1.0, "lost"),
    Case(LOST, 2, 3, "alone", PENDING, "lost", 2.0, "lost"),
    # On the last attempt, in company: it may have died of a neighbour.
    Case(LOST, 3, 3, "in company", PENDING, "lost", 4.0, "lost uncounted"),
    Case(LOST, 1, 1, "in company", PENDING, "lost", 1.0, "lost uncounted"),
    # On the last attempt, alone: it died of itself.
    Case(LOST, 3, 3, "alone", FAILED, "lost", None, "lost"),
    Case(LOST, 1, 1, "alone", FAILED, "lost", None, "lost"),
]


@pytest.mark.parametrize("case", TABLE)
def test_decide(case: Case) -> None:
    held = claim(case.attempt, case.most, alone=case.company == "alone")
    end = decide(held, case.outcome)
    assert (end.status, end.outcome, end.delay) == (case.status, case.recorded, case.delay)
    assert (end.lost, end.uncounted) == ("lost" in case.notes, "uncounted" in case.notes)
    assert end.claim is held
    assert end.result == getattr(case.outcome, "result", None)
    assert end.error == getattr(case.outcome, "error", None)


@pytest.mark.parametrize("kind", [Failed, Retry, OutcomeUnknown])
@pytest.mark.parametrize("attempt", [1, 3])
def test_what_was_done_before_is_kept_until_an_attempt_says_otherwise(
    kind: type[Failed | Retry | OutcomeUnknown], attempt: int
) -> None:
    held = replace(claim(attempt, 3), partial={"done": 1})

    assert decide(held, kind("no")).result == {"done": 1}
    assert decide(held, kind("no", {"done": 2})).result == {"done": 2}
    assert decide(held, kind("no", {})).result == {}


@pytest.mark.parametrize("alone", [False, True])
def test_what_was_done_before_outlives_a_lost_worker(*, alone: bool) -> None:
    held = replace(claim(3, 3, alone=alone), partial={"done": 1})

    assert decide(held, LOST).result == {"done": 1}
    assert decide(held, DONE).result == {"n": 1}


OUTCOMES = (DONE, GIVE_UP, AGAIN, UNKNOWN, LOST)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_what_is_tried_again_has_a_delay_and_no_attempt_follows_the_last(
    outcome: Outcome,
) -> None:
    for alone, most in product([False, True], range(1, 6)):
        for attempt in range(1, most + 1):
            end = decide(claim(attempt, most, alone=alone), outcome)
            assert (end.status is PENDING) == (end.delay is not None)
            left = attempt - end.uncounted < most
            assert left or end.status.is_final


def test_a_loss_in_company_is_given_back_once_only() -> None:
    """The job is run alone after it, so that the next loss is its own."""
    first = claim(1, 1)
    assert decide(first, LOST).uncounted
    assert decide(replace(first, alone=True), LOST).status is FAILED


def test_waits_double() -> None:
    assert [backoff(attempt) for attempt in range(1, 6)] == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_the_waits_of_a_job_may_be_its_own() -> None:
    fixed = Backoff(BackoffType.FIXED, 30.0)
    assert [backoff(attempt, fixed) for attempt in (1, 2, 24)] == [30.0, 30.0, 30.0]
    doubling = Backoff(seconds=0.5)
    assert [backoff(attempt, doubling) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert backoff(24, Backoff(seconds=86_400.0)) == MAX_WAIT_SECONDS
    assert backoff(24) < MAX_WAIT_SECONDS


def test_jitter_takes_up_to_a_half_and_is_the_same_when_asked_again() -> None:
    rule = Backoff(BackoffType.FIXED, 10.0, jitter=True)
    waits = [backoff(1, rule, seed) for seed in range(1000)]
    assert all(5.0 < wait <= 10.0 for wait in waits)
    assert len(set(waits)) > 900
    assert max(waits) - min(waits) > 4.5
    assert waits == [backoff(1, rule, seed) for seed in range(1000)]


@pytest.mark.parametrize("outcome", [AGAIN, UNKNOWN, LOST])
def test_a_job_is_put_off_by_its_own_rule(outcome: Outcome) -> None:
    held = replace(claim(2, 3), backoff=Backoff(BackoffType.FIXED, 7.0))
    assert decide(held, outcome).delay == 7.0
