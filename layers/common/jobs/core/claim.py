"""A claim: the way of a job from its queue to the end of one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from jobs.core.job import DEFAULT_BACKOFF, Payload

if TYPE_CHECKING:
    from uuid import UUID

    from typing_extensions import TypeVar

    from jobs.core.job import AttemptOutcome, Backoff, Priority, Result, Status

    PayloadT = TypeVar("PayloadT", default=Payload)
else:
    # Python has defaults of type variables from 3.13 on.
    from typing import TypeVar

    PayloadT = TypeVar("PayloadT")


@dataclass(frozen=True, slots=True)
class Entry:
    """A job's entry in its queue: it may be taken `delay` seconds from now (negative: since)."""

    id: UUID
    priority: Priority
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry taken from a queue: this job may be ready. The row decides whether it is.

    `score` is the place it had in its queue (ms, Redis clock), which a release gives back.
    """

    id: UUID
    priority: Priority
    score: float


@dataclass(frozen=True, slots=True)
class Claim(Generic[PayloadT]):
    """The right to run one attempt of a job until the lease ends, under a token.

    `Claim[ThumbnailPayload]` is one whose payload has the shape of that `TypedDict`.
    """

    id: UUID
    type: str
    priority: Priority
    payload: PayloadT
    attempt: int
    max_attempts: int
    token: UUID
    alone: bool = False
    """No other job was claimed with it, so a crash in this time is its own doing."""
    losses: int = 0
    """Leases this job has lost so far: above zero it runs alone."""
    unreadable: str | None = None
    """Why the payload could not be read; it is empty then."""
    backoff: Backoff = DEFAULT_BACKOFF
    timeout: float | None = None
    """Seconds this attempt may take, where that is less than its type may."""
    partial: Result | None = None
    """What earlier attempts have done, as the latest that failed said (`AttemptFailed.partial`)."""


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """A candidate that could not be claimed, and where its entry belongs instead.

    `delay` is the time in seconds until the job may be taken; None: the entry is to go
    (the row is final or was never there). `held`: another worker holds the job, and may have moved
    its entry by now.
    """

    id: UUID
    priority: Priority
    delay: float | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """The result of one claim for a batch of candidates.

    A candidate that is missing here is of a job whose row is being changed at this moment.
    """

    claims: tuple[Claim, ...] = ()
    lost: tuple[Claim, ...] = ()
    """Claims of other workers whose lease has ended: they are settled as lost, nothing runs."""
    quarantined: tuple[UUID, ...] = ()
    """Ready, but they lost a lease before: to be claimed alone."""
    not_claimed: tuple[NotClaimed, ...] = ()
    paused: tuple[UUID, ...] = ()
    """Pending, in a queue that is paused."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an attempt, as the row is to record it.

    `delay` (seconds) is set when the job goes back to `pending`. `uncounted`: the attempt is
    given back, so that it does not count against the job.
    """

    claim: Claim
    status: Status
    outcome: AttemptOutcome
    result: Result | None = None
    error: str | None = None
    delay: float | None = None
    lost: bool = False
    uncounted: bool = False
