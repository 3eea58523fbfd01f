"""What happens to a job after an attempt: a pure function of claim and outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.model import Status
from jobs.core.outcome import Done, GiveUp, Lost, Outcome, TryAgain, Unknown

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Claim, Priority, Result

FIRST_DELAY = 1.0
"""Seconds before the second attempt; doubled for each one after it."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an attempt, as the row is to record it.

    `delay` (seconds) is set when the job goes back to `pending`. `uncounted`: the attempt is
    given back, so that it does not count against the job.
    """

    id: UUID
    priority: Priority
    token: UUID
    status: Status
    outcome: str
    result: Result | None = None
    error: str | None = None
    delay: float | None = None
    lost: bool = False
    uncounted: bool = False


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt number `attempt` (1, 2, …) has failed: 1, 2, 4, …"""
    return float(FIRST_DELAY * 2 ** (attempt - 1))


def decide(claim: Claim, outcome: Outcome) -> Settlement:
    """Say how `claim` ends. A final status stays final; `pending` comes with a delay."""
    match outcome:
        case Done(result):
            return _end(claim, Status.COMPLETED, "completed", result=result)
        case GiveUp(error):
            return _end(claim, Status.FAILED, "failed", error=error)
        case TryAgain(error):
            return _again(claim, "failed", error)
        case Unknown(error):
            return _again(claim, "unknown", error)
        case Lost(error) if claim.attempt >= claim.max_attempts and not claim.alone:
            # It may have died of a neighbour, so it gets this attempt once more, on its own.
            return _end(
                claim,
                Status.PENDING,
                "lost",
                error=error,
                delay=backoff(claim.attempt),
                lost=True,
                uncounted=True,
            )
        case Lost(error):
            return _again(claim, "lost", error, lost=True)


def _again(claim: Claim, outcome: str, error: str, *, lost: bool = False) -> Settlement:
    if claim.attempt >= claim.max_attempts:
        return _end(claim, Status.FAILED, outcome, error=error, lost=lost)
    delay = backoff(claim.attempt)
    return _end(claim, Status.PENDING, outcome, error=error, delay=delay, lost=lost)


def _end(
    claim: Claim,
    status: Status,
    outcome: str,
    *,
    result: Result | None = None,
    error: str | None = None,
    delay: float | None = None,
    lost: bool = False,
    uncounted: bool = False,
) -> Settlement:
    return Settlement(
        claim.id,
        claim.priority,
        claim.token,
        status,
        outcome,
        result,
        error,
        delay,
        lost,
        uncounted,
    )
