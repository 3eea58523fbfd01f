"""Run one attempt: call the processor, judge its end, and limit what the row has to keep.

Nothing that a processor does gets past here.
"""

from __future__ import annotations

import json
import re
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jobs.core import errors, retry
from jobs.core.failpoints import failpoint
from jobs.core.job import Progress
from jobs.core.job_type import PayloadCheck, payload_check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext, JobType
    from jobs.core.ports.log import Log
    from jobs.core.retry import Outcome

MAX_ERROR_CHARACTERS = 2000
MAX_MESSAGE_CHARACTERS = 200
"""Of a message about progress."""

MAX_RESULT_BYTES = 256 * 1024
"""Of a result as JSON."""

MAX_RESULT_DEPTH = 100
"""Levels of objects and lists in a result: its readers may have a smaller stack."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""U+0000 as JSON escapes it; the same letters behind an escaped backslash are only text."""


@dataclass(slots=True)
class _Running:
    """An attempt, and the way between it and its drain: progress out, cancellation in."""

    claim: Claim
    cancelled: bool = False
    progress: Progress | None = None

    def is_cancelled(self) -> bool:
        return self.cancelled

    def report(self, percent: float, message: str | None = None) -> None:
        text = None if message is None else storable_text(message, MAX_MESSAGE_CHARACTERS)
        self.progress = Progress(min(100.0, max(0.0, float(percent))), text)


@dataclass(slots=True)
class Executor:
    """Runs attempts, each with a context of its own.

    `run` is called by worker threads, everything else by the drain's own: they share single
    assignments only, which need no lock.
    """

    types: Mapping[str, JobType]
    context: JobContext
    log: Log
    _running: dict[tuple[UUID, UUID], _Running] = field(default_factory=dict)

    def begin(self, claim: Claim) -> None:
        """Note in the log that the attempt that `claim` is for starts now."""
        self.log(
            "attempt.started",
            job_id=claim.id,
            type=claim.type,
            priority=claim.priority,
            attempt=claim.attempt,
        )

    def run(self, claim: Claim) -> Outcome:
        """Run the attempt that `claim` is for."""
        running = _Running(claim)
        # Two of one job may run here, after the lease of the first has ended.
        self._running[claim.id, claim.token] = running
        context = replace(self.context, progress=running.report, cancelled=running.is_cancelled)
        try:
            return execute(claim, self.types, context, self.log)
        finally:
            self._running.pop((claim.id, claim.token), None)

    def cancel(self, claims: Iterable[Claim]) -> None:
        """Tell these attempts, if they run, that they may stop."""
        for claim in claims:
            if running := self._running.get((claim.id, claim.token)):
                running.cancelled = True

    def progress(self) -> list[tuple[Claim, Progress]]:
        """The progress that attempts have reported since the last call."""
        reports = []
        for running in [*self._running.values()]:
            if progress := running.progress:
                running.progress = None
                reports.append((running.claim, progress))
        return reports


def execute(claim: Claim, types: Mapping[str, JobType], context: JobContext, log: Log) -> Outcome:
    """Run the attempt that `claim` is for, and say how it ended."""
    try:
        return retry.Succeeded(_processed(claim, types, context))
    except errors.AttemptFailed as error:
        return _failed(error)
    except (errors.ConfigurationError, errors.ProcessorUnavailable) as error:
        return retry.Retry(_text(error))
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a processor is a failure too
        # Its text may quote the payload: the row keeps that, the log does not.
        where = "".join(traceback.format_tb(error.__traceback__))
        log(
            "attempt.error",
            job_id=claim.id,
            type=claim.type,
            exception=type(error).__name__,
            trace=where,
        )
        return retry.Retry(_text(error, type(error).__name__))


def _failed(error: errors.AttemptFailed) -> Outcome:
    if error.partial is not None:
        try:
            check_result(error.partial)
        except errors.PermanentFailure as wrong:
            return retry.Failed(_text(wrong))
    match error:
        case errors.PermanentFailure():
            return retry.Failed(_text(error), error.partial)
        case errors.OutcomeUnknown():
            return retry.OutcomeUnknown(_text(error), error.partial)
    return retry.Retry(_text(error), error.partial)


def _processed(claim: Claim, types: Mapping[str, JobType], context: JobContext) -> Result:
    if claim.type not in types:
        known = ", ".join(sorted(types))
        message = f"no processor for the type {claim.type!r}; there are: {known}"
        raise errors.PermanentFailure(message)
    if claim.unreadable:
        message = f"the payload cannot be read: {claim.unreadable}"
        raise errors.PermanentFailure(message)
    failpoint("attempt.before")
    job_type = types[claim.type]
    if job_type.check is PayloadCheck.ON_RUN:
        _check_payload(job_type, claim.payload)
    result = job_type.process(claim, context)
    failpoint("attempt.after")
    check_result(result)
    return result


def _check_payload(job_type: JobType, payload: Mapping[str, Any]) -> None:
    found = payload_check(job_type)(payload, "/payload")
    if first := next(found, None):
        raise errors.AttemptFailed(f"{first.pointer} {first.detail}")


def check_result(result: object) -> None:
    """Raise `PermanentFailure` for a result that no row can keep: not an object, not JSON, too
    large or too deep, or with characters that no database can hold."""
    if not isinstance(result, dict):
        message = f"the processor returned {type(result).__name__}, not an object"
        raise errors.PermanentFailure(message)
    try:
        text = json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the processor's result is not JSON: {error}"
        raise errors.PermanentFailure(message) from error
    if _NUL.search(text):
        message = "the processor's result holds the character U+0000"
        raise errors.PermanentFailure(message)
    # Escaped it is never shorter than as it is stored.
    if "\\ud" in text or len(text) > MAX_RESULT_BYTES:
        _check_bytes(json.dumps(result, ensure_ascii=False))
    if text.count("{") + text.count("[") > MAX_RESULT_DEPTH and _is_deeper(
        result, MAX_RESULT_DEPTH
    ):
        message = f"the processor's result is nested more than {MAX_RESULT_DEPTH} levels deep"
        raise errors.PermanentFailure(message)


def storable_text(said: object, max_characters: int) -> str:
    """`said` as text without U+0000 and lone surrogates, cut to `max_characters`."""
    text = str(said).replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return text[:max_characters]


def _check_bytes(text: str) -> None:
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        message = "the processor's result holds characters that are not Unicode text"
        raise errors.PermanentFailure(message) from error
    if size > MAX_RESULT_BYTES:
        message = (
            f"the processor's result has {size:,} bytes of JSON, and {MAX_RESULT_BYTES:,} are the "
            "most: put it into the bucket, and return the bucket and the key"
        )
        raise errors.PermanentFailure(message)


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list | tuple):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _text(error: BaseException, *before: str) -> str:
    """The error as the row can keep it."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - the text comes from the processor's code as well
        said = ""
    text = ": ".join(filter(None, [*before, said])) or type(error).__name__
    return storable_text(text, MAX_ERROR_CHARACTERS)
