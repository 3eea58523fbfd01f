"""What a job is, at each point of its life."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

Payload = dict[str, Any]
Result = dict[str, Any]

MAX_ATTEMPTS = 3
"""Attempts a job has in all, unless it says otherwise."""

MOST_SHOWN = 1_000
"""Attempts of a job that are shown at most, the latest."""


class Priority(StrEnum):
    """The two priorities, most urgent first: their order is the order of service."""

    HIGH = "high"
    DEFAULT = "default"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return tuple(Priority).index(self)


@dataclass(frozen=True, slots=True)
class QueueState:
    """Whether a queue is paused, and since when: no job of it is begun then."""

    priority: Priority
    paused_at: datetime | None = None


class Status(StrEnum):
    """Where a job stands. `completed`, `failed` and `cancelled` are final."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class BackoffType(StrEnum):
    """How the waits after failed attempts grow: doubling, or not at all."""

    EXPONENTIAL = "exponential"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Backoff:
    """The waits after failed attempts: `seconds` is the first. `jitter` shortens each by up to
    a half, so that jobs that failed together do not come back together."""

    type: BackoffType = BackoffType.EXPONENTIAL
    seconds: float = 1.0
    jitter: bool = False


USUAL = Backoff()
"""1 s, 2 s, 4 s, and so on."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What makes a request known again: its key, kept for `seconds`, and the hash of its body."""

    key: str
    body_hash: str
    seconds: float


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that was accepted and is not stored yet."""

    id: UUID
    type: str
    payload: Payload
    priority: Priority = Priority.DEFAULT
    max_attempts: int = MAX_ATTEMPTS
    delay: float = 0.0
    """Seconds until it may be taken; `run_at`, where it is given, says when instead."""
    run_at: datetime | None = None
    backoff: Backoff = USUAL
    timeout: float | None = None
    """Seconds one attempt may take, where that is less than its type may."""
    tags: tuple[str, ...] = ()
    idempotency: Idempotency | None = None
    unique_key: str | None = None
    """No other job with this key is open while this one is, and for `unique_for` seconds."""
    unique_for: float | None = None
    owner: str | None = None
    callback_url: str | None = None
    """Where the end of the job is to be told."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job, as its history keeps it.

    `outcome` is `completed`, `failed` (the processor or its time limit said no), `unknown`
    (the effect may have happened), `lost` (the worker died or was cut off), `cancelled`, or
    `retried`: no run, but the note that the job, failed after `number` attempts, got new ones.
    """

    number: int
    started_at: datetime
    ended_at: datetime
    outcome: str
    error: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the latest attempt has come, as it says itself: percent, and in words."""

    percent: float
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A stored job as it is shown to those who ask for it."""

    id: UUID
    type: str
    status: Status
    priority: Priority
    attempts: int
    max_attempts: int
    result: Result | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    """From when on it may be taken, if it is pending; `due_in`: the same, in seconds from now."""
    due_in: float = field(default=0.0, compare=False)
    tags: tuple[str, ...] = ()
    backoff: Backoff = USUAL
    timeout: float | None = None
    progress: Progress | None = None
    idempotency_key: str | None = None
    unique_key: str | None = None
    history: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """An entry taken from a queue: this job may be ready. The row decides whether it is.

    `score` is the place it had in its queue (ms, Redis clock), which a release gives back.
    """

    id: UUID
    priority: Priority
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one attempt of a job until the lease ends, under a token."""

    id: UUID
    type: str
    priority: Priority
    payload: Payload
    attempt: int
    max_attempts: int
    token: UUID
    alone: bool = False
    """No other job was claimed with it, so a crash in this time is its own doing."""
    losses: int = 0
    """Leases this job has lost so far: above zero it runs alone."""
    unreadable: str | None = None
    """Why the payload could not be read; it is empty then."""
    backoff: Backoff = USUAL
    timeout: float | None = None
    """Seconds this attempt may take, where that is less than its type may."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A hint that could not be claimed, and where its entry belongs instead.

    `delay` is the time in seconds until the job may be taken; None: the entry is to go
    (the row is final or was never there). `held`: somebody holds the job, and may have moved
    its entry by now.
    """

    id: UUID
    priority: Priority
    delay: float | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """What came of one claim for a batch of hints.

    A hint that is nowhere in here is of a job whose row somebody is changing at this moment.
    """

    claims: tuple[Claim, ...] = ()
    lost: tuple[Claim, ...] = ()
    """Claims of others whose lease has ended: the fact is to be settled, nothing runs."""
    suspects: tuple[UUID, ...] = ()
    """Ready, but lost before: to be claimed alone."""
    refused: tuple[Refused, ...] = ()
    paused: tuple[UUID, ...] = ()
    """Pending, in a queue that is paused."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request, and where (a JSON pointer)."""

    pointer: str
    detail: str
