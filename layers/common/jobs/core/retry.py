"""What happens to a job after an attempt: a pure function of claim and outcome."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.model import USUAL, BackoffType, Status
from jobs.core.outcome import Done, GiveUp, Lost, Outcome, TryAgain, Unknown

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Backoff, Claim, Priority, Result

LONGEST_WAIT = 100 * 86_400.0
"""Seconds; the waits of a job that asks for nothing special stay below it."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an attempt, as the row is to record it.

    `delay` (seconds) is set when the job goes back to `pending`. `uncounted`: the attempt is
    given back, so that it does not count against the job.
    """

    claim: Claim
    status: Status
    outcome: str
    result: Result | None = None
    error: str | None = None
    delay: float | None = None
    lost: bool = False
    uncounted: bool = False

    @property
    def id(self) -> UUID:
        return self.claim.id

    @property
    def priority(self) -> Priority:
        return self.claim.priority

    @property
    def token(self) -> UUID:
        return self.claim.token


def backoff(attempt: int, rule: Backoff = USUAL, seed: object = None) -> float:
    """Seconds to wait after attempt number `attempt` (1, 2, …) has failed: 1, 2, 4, …

    `rule` says otherwise. Jitter depends on `seed` and the attempt alone.
    """
    doubled = rule.type is BackoffType.EXPONENTIAL
    wait = min(LONGEST_WAIT, rule.seconds * (2.0 ** (attempt - 1) if doubled else 1.0))
    if rule.jitter:
        chance = zlib.crc32(f"{seed} {attempt}".encode()) / 2**32
        wait *= 1 - chance / 2
    return wait


def decide(claim: Claim, outcome: Outcome) -> Settlement:
    """Say how `claim` ends. A final status stays final; `pending` comes with a delay."""
    match outcome:
        case Done(result):
            return Settlement(claim, Status.COMPLETED, "completed", result=result)
        case GiveUp(error):
            return Settlement(claim, Status.FAILED, "failed", error=error)
        case TryAgain(error):
            return _again(claim, "failed", error)
        case Unknown(error):
            return _again(claim, "unknown", error)
        case Lost(error) if claim.attempt >= claim.max_attempts and not claim.alone:
            # It may have died of a neighbour, so it gets this attempt once more, on its own.
            return Settlement(
                claim,
                Status.PENDING,
                "lost",
                error=error,
                delay=_wait(claim),
                lost=True,
                uncounted=True,
            )
        case Lost(error):
            return _again(claim, "lost", error, lost=True)


def _again(claim: Claim, outcome: str, error: str, *, lost: bool = False) -> Settlement:
    if claim.attempt >= claim.max_attempts:
        return Settlement(claim, Status.FAILED, outcome, error=error, lost=lost)
    return Settlement(claim, Status.PENDING, outcome, error=error, delay=_wait(claim), lost=lost)


def _wait(claim: Claim) -> float:
    return backoff(claim.attempt, claim.backoff, claim.id)
