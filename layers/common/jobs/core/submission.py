"""What a client asks for, and whether it may be asked: the envelope, not what is in the payload."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from jobs.core import members
from jobs.core.errors import InvalidJob
from jobs.core.model import MAX_ATTEMPTS, USUAL, NewJob, Payload, Priority, Problem
from jobs.core.words import kind, one_of, pointer, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from jobs.core.model import Backoff, Idempotency

MOST_PROBLEMS = 20
"""Problems listed at most: a hostile body could have a million."""

_MEMBERS = ("type", "priority", "payload", *members.NAMES[1:])


@dataclass(frozen=True, slots=True)
class Submission:
    """A job as it was asked for, its envelope found in order. Fields as those of `NewJob`."""

    type: str
    payload: Payload
    priority: Priority = Priority.DEFAULT
    max_attempts: int = MAX_ATTEMPTS
    delay: float = 0.0
    run_at: datetime | None = None
    backoff: Backoff = USUAL
    timeout: float | None = None
    tags: tuple[str, ...] = ()
    unique_key: str | None = None
    unique_for: float | None = None
    callback_url: str | None = None

    def job(
        self, job_id: UUID, idempotency: Idempotency | None = None, owner: str | None = None
    ) -> NewJob:
        """The job, ready to be stored."""
        return NewJob(
            job_id,
            self.type,
            self.payload,
            self.priority,
            self.max_attempts,
            delay=self.delay,
            run_at=self.run_at,
            backoff=self.backoff,
            timeout=self.timeout,
            tags=self.tags,
            idempotency=idempotency,
            unique_key=self.unique_key,
            unique_for=self.unique_for,
            owner=owner,
            callback_url=self.callback_url,
        )


def submission(envelope: object, budgets: Mapping[str, float]) -> Submission:
    """Read an envelope: `type`, `payload`, and what of `members` it has.

    `budgets`: the types there are, and the seconds that an attempt of each may take.
    Raises `InvalidJob` with every problem there is, up to `MOST_PROBLEMS`.
    """
    found = list(islice(problems(envelope, budgets), MOST_PROBLEMS))
    if found or not isinstance(envelope, dict):
        raise InvalidJob(found)
    return Submission(
        envelope["type"],
        envelope["payload"],
        Priority(envelope.get("priority", Priority.DEFAULT)),
        int(envelope.get("maxAttempts", MAX_ATTEMPTS)),
        delay=float(envelope.get("delaySeconds", 0.0)),
        run_at=members.time(envelope.get("runAt")),
        backoff=members.backoff(envelope.get("backoff")),
        timeout=_seconds(envelope, "timeoutSeconds"),
        tags=tuple(envelope.get("tags", ())),
        unique_key=envelope.get("uniqueKey"),
        unique_for=_seconds(envelope, "uniqueFor"),
        callback_url=envelope.get("callbackUrl"),
    )


def problems(envelope: object, budgets: Mapping[str, float]) -> Iterator[Problem]:
    """Everything that is wrong with `envelope`."""
    if not isinstance(envelope, dict):
        yield Problem("", f"must be an object, not {kind(envelope)}")
        return
    yield from _type_problems(envelope, budgets)
    for name in _MEMBERS:
        if name == "payload":
            yield from _payload_problems(envelope)
        elif name in envelope and name != "type":
            yield from members.problems(name, envelope[name])
    yield from _combined_problems(envelope, budgets)
    for name in envelope:
        if name not in _MEMBERS:
            yield Problem(pointer("", name), f"is unknown: {one_of(_MEMBERS)}")


def _type_problems(envelope: Mapping[str, Any], types: Collection[str]) -> Iterator[Problem]:
    if "type" not in envelope:
        yield Problem("/type", f"is missing: {one_of(types)}")
    elif envelope["type"] not in list(types):
        yield Problem("/type", f"must be {one_of(types)}, not {shown(envelope['type'])}")


def _payload_problems(envelope: Mapping[str, Any]) -> Iterator[Problem]:
    if "payload" not in envelope:
        yield Problem("/payload", "is missing: an object")
    elif not isinstance(envelope["payload"], dict):
        yield Problem("/payload", f"must be an object, not {shown(envelope['payload'])}")


def _combined_problems(
    envelope: Mapping[str, Any], budgets: Mapping[str, float]
) -> Iterator[Problem]:
    """What is wrong with members in combination."""
    if envelope.get("type") in list(budgets):
        budget, timeout = budgets[envelope["type"]], envelope.get("timeoutSeconds", 0)
        if type(timeout) in (int, float) and timeout > budget:
            wanted = f"at most {budget:g}, which {envelope['type']} may take"
            yield Problem("/timeoutSeconds", f"must be {wanted}, not {shown(timeout)}")
    if "runAt" in envelope and "delaySeconds" in envelope:
        yield Problem("/delaySeconds", "must not stand beside runAt: either says when")
    if "uniqueFor" in envelope and "uniqueKey" not in envelope:
        yield Problem("/uniqueFor", "needs a uniqueKey beside it")


def _seconds(envelope: Mapping[str, Any], name: str) -> float | None:
    return float(envelope[name]) if name in envelope else None
