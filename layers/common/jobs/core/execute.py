"""Run one attempt, and say what came of it. Nothing that a processor does gets past here."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.faults import point
from jobs.core.outcome import Done, GiveUp, Outcome, TryAgain, Unknown
from jobs.core.storable import check_result, storable_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.job_type import JobType, Tools
    from jobs.core.model import Claim
    from jobs.core.ports.log import Log

LONGEST_ERROR = 2000
"""Characters of an error that are kept."""


def execute(claim: Claim, types: Mapping[str, JobType], tools: Tools, log: Log) -> Outcome:
    """Run the attempt that `claim` is for."""
    log(
        "attempt.started",
        job_id=claim.id,
        type=claim.type,
        priority=claim.priority,
        attempt=claim.attempt,
    )
    fault = _fault(claim, types)
    if fault:
        return GiveUp(fault)
    try:
        point("attempt.before")
        result = types[claim.type].process(claim, tools)
        point("attempt.after")
        check_result(result)
    except PermanentFailure as error:
        return GiveUp(_text(error))
    except OutcomeUnknown as error:
        return Unknown(_text(error))
    except AttemptFailed as error:
        return TryAgain(_text(error))
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a processor is a failure too
        # What it says may hold what is in the payload: the row keeps that, the log does not.
        where = "".join(traceback.format_tb(error.__traceback__))
        log(
            "attempt.error",
            job_id=claim.id,
            type=claim.type,
            exception=type(error).__name__,
            trace=where,
        )
        return TryAgain(_text(error, type(error).__name__))
    return Done(result)


def _fault(claim: Claim, types: Mapping[str, JobType]) -> str | None:
    """What keeps the attempt from being run, now and ever after."""
    if claim.type not in types:
        known = ", ".join(sorted(types))
        return f"no processor for the type {claim.type!r}; there are: {known}"
    if claim.unreadable:
        return f"the payload cannot be read: {claim.unreadable}"
    return None


def _text(error: BaseException, *before: str) -> str:
    """The error as the row can keep it."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - the text comes from the processor's code as well
        said = ""
    text = ": ".join(filter(None, [*before, said])) or type(error).__name__
    return storable_text(text, LONGEST_ERROR)
