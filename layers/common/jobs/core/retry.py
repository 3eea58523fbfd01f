"""What an attempt can come to, and what happens to its job then: a pure function of both."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.claim import Settlement
from jobs.core.job import DEFAULT_BACKOFF, AttemptOutcome, BackoffType, Status

if TYPE_CHECKING:
    from jobs.core.claim import Claim
    from jobs.core.job import Backoff, Result

MAX_WAIT_SECONDS = 100 * 86_400.0
"""The waits of a job that asks for nothing special stay below it."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The work is done."""

    result: Result


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed, and may go better next time."""

    error: str
    partial: Result | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """It ended without an answer: the effect may have happened. Tried again."""

    error: str
    partial: Result | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It failed, and no further attempt would help."""

    error: str
    partial: Result | None = None


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The worker died or was cut off; its lease has ended."""

    error: str = "worker lost: the lease ended before the attempt did"


Outcome = Succeeded | Retry | OutcomeUnknown | Failed | WorkerLost


def decide(claim: Claim, outcome: Outcome) -> Settlement:
    """Say how `claim` ends. A final status stays final; `pending` comes with a delay."""
    match outcome:
        case Succeeded(result):
            return Settlement(claim, Status.COMPLETED, AttemptOutcome.COMPLETED, result=result)
        case Failed(error, partial):
            kept = _kept(claim, partial)
            return Settlement(claim, Status.FAILED, AttemptOutcome.FAILED, kept, error)
        case Retry(error, partial):
            return _again(claim, AttemptOutcome.FAILED, error, partial)
        case OutcomeUnknown(error, partial):
            return _again(claim, AttemptOutcome.UNKNOWN, error, partial)
        case WorkerLost(error) if claim.attempt >= claim.max_attempts and not claim.alone:
            # It may have died of a neighbour, so it gets this attempt once more, on its own.
            return Settlement(
                claim,
                Status.PENDING,
                AttemptOutcome.LOST,
                result=claim.partial,
                error=error,
                delay=_wait(claim),
                lost=True,
                uncounted=True,
            )
        case WorkerLost(error):
            return _again(claim, AttemptOutcome.LOST, error, lost=True)


def backoff(attempt: int, rule: Backoff = DEFAULT_BACKOFF, seed: object = None) -> float:
    """Seconds to wait after attempt number `attempt` (1, 2, …) has failed: 1, 2, 4, …

    `rule` says otherwise. Jitter depends on `seed` and the attempt alone.
    """
    doubled = rule.type is BackoffType.EXPONENTIAL
    wait = min(MAX_WAIT_SECONDS, rule.seconds * (2.0 ** (attempt - 1) if doubled else 1.0))
    if rule.jitter:
        chance = zlib.crc32(f"{seed} {attempt}".encode()) / 2**32
        wait *= 1 - chance / 2
    return wait


def _again(
    claim: Claim,
    outcome: AttemptOutcome,
    error: str,
    partial: Result | None = None,
    *,
    lost: bool = False,
) -> Settlement:
    result = _kept(claim, partial)
    if claim.attempt >= claim.max_attempts:
        return Settlement(claim, Status.FAILED, outcome, result, error, lost=lost)
    return Settlement(claim, Status.PENDING, outcome, result, error, _wait(claim), lost)


def _kept(claim: Claim, partial: Result | None) -> Result | None:
    """What the job has done so far: an attempt that says nothing of it leaves it as it was."""
    return claim.partial if partial is None else partial


def _wait(claim: Claim) -> float:
    return backoff(claim.attempt, claim.backoff, claim.id)
