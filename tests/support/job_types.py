"""Job types for tests alone: they do nothing, take their time, or fail as they are told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.job_type import JobType

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.job_type import Tools
    from jobs.core.model import Claim, Result


def _noop(claim: Claim, tools: Tools) -> Result:
    del claim, tools
    return {}


def _sleep(claim: Claim, tools: Tools) -> Result:
    """`{"seconds": 0.1}`"""
    del tools
    time.sleep(claim.payload["seconds"])
    return {"slept": claim.payload["seconds"]}


def _fail(claim: Claim, tools: Tools) -> Result:
    """`{"times": 2, "how": "failed"}`: attempts up to `times` fail (default: all)."""
    del tools
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
    name: str, call: Callable[[Claim], Any], *, budget: float = 5.0, quick: bool = False
) -> JobType:
    """A type whose attempts call `call` with their claim."""

    def process(claim: Claim, tools: Tools) -> Result:
        del tools
        call(claim)
        return {}

    return JobType(name, process, budget, quick)


NOOP = JobType("NOOP", _noop, budget=5.0, quick=True)
SLEEP = JobType("SLEEP", _sleep, budget=30.0)
FAIL = JobType("FAIL", _fail, budget=5.0)

TEST_TYPES = {each.name: each for each in (NOOP, SLEEP, FAIL)}
