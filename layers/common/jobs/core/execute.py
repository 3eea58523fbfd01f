"""Run one attempt, and say what came of it. Nothing that a processor does gets past here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.faults import point
from jobs.core.outcome import Done, GiveUp, Outcome, TryAgain, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.model import Claim
    from jobs.core.ports import JobType, Log, Tools

LONGEST_ERROR = 2000
"""Characters of an error that are kept."""


def execute(claim: Claim, types: Mapping[str, JobType], tools: Tools, log: Log) -> Outcome:
    """Run the attempt that `claim` is for."""
    job_type = types.get(claim.type)
    if job_type is None:
        known = ", ".join(sorted(types))
        return GiveUp(f"no processor for the type {claim.type!r}; there are: {known}")
    try:
        point("attempt.before")
        result = job_type.process(claim, tools)
        point("attempt.after")
        _check_storable(result)
    except PermanentFailure as error:
        return GiveUp(_text(error))
    except OutcomeUnknown as error:
        return Unknown(_text(error))
    except AttemptFailed as error:
        return TryAgain(_text(error))
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a processor is a failure too
        log("attempt.error", job_id=claim.id, type=claim.type, exception=error)
        return TryAgain(_text(f"{type(error).__name__}: {error}"))
    return Done(result)


def _check_storable(result: object) -> None:
    if not isinstance(result, dict):
        message = f"the processor returned {type(result).__name__}, not an object"
        raise PermanentFailure(message)
    try:
        text = json.dumps(result, allow_nan=False)
        text.encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the processor's result is not JSON: {error}"
        raise PermanentFailure(message) from error
    if "\\u0000" in text or "\\ud" in text:
        _check_characters(json.dumps(result, ensure_ascii=False))


def _check_characters(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = "the processor's result holds characters that are not Unicode text"
        raise PermanentFailure(message) from error
    if "\\u0000" in text:
        message = "the processor's result holds the character U+0000"
        raise PermanentFailure(message)


def _text(error: object) -> str:
    """The error as the row can keep it: no U+0000, no lone surrogates, not too long."""
    text = str(error).replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return text[:LONGEST_ERROR] or type(error).__name__
