"""Job types for tests alone: they do nothing, take their time, or fail as they are told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.job_type import JobType

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext


def _noop(claim: Claim, context: JobContext) -> Result:
    del claim, context
    return {}


def _sleep(claim: Claim, context: JobContext) -> Result:
    """`{"seconds": 0.1}`"""
    del context
    time.sleep(claim.payload["seconds"])
    return {"slept": claim.payload["seconds"]}


def _fail(claim: Claim, context: JobContext) -> Result:
    """`{"times": 2, "how": "failed"}`: attempts up to `times` fail (default: all)."""
    del context
    if claim.attempt > claim.payload.get("times", claim.max_attempts):
        return {"attempt": claim.attempt}
    errors: dict[str, type[Exception]] = {
        "failed": AttemptFailed,
        "permanent": PermanentFailure,
        "unknown": OutcomeUnknown,
        "bug": ZeroDivisionError,
    }
    raise errors[claim.payload.get("how", "failed")](f"attempt {claim.attempt} was told to fail")


def calling(
    name: str, call: Callable[[Claim], Any], *, max_seconds: float = 5.0, runs_inline: bool = False
) -> JobType:
    """A type whose attempts call `call` with their claim."""

    def process(claim: Claim, context: JobContext) -> Result:
        del context
        call(claim)
        return {}

    return JobType(name, process, max_seconds, runs_inline)


NOOP = JobType("NOOP", _noop, max_seconds=5.0, runs_inline=True)
SLEEP = JobType("SLEEP", _sleep, max_seconds=30.0)
FAIL = JobType("FAIL", _fail, max_seconds=5.0)

TEST_TYPES = {each.name: each for each in (NOOP, SLEEP, FAIL)}
