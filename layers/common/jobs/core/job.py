"""A job: the options of a request, the job to store, and the stored job as it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

Payload = dict[str, Any]
Result = dict[str, Any]

DEFAULT_MAX_ATTEMPTS = 3
MAX_ATTEMPTS = 25
"""The most attempts a job may ask for: waits double, so the last is 97 days long."""

MAX_DELAY_SECONDS = 365 * 86_400
"""Seconds a job may be put off for, and its unique key be held for."""

MAX_BACKOFF_SECONDS = 86_400
"""Seconds of the first wait after a failed attempt."""


class Priority(StrEnum):
    """The two priorities, most urgent first: their order is the order of service."""

    HIGH = "high"
    DEFAULT = "default"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return tuple(Priority).index(self)


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


DEFAULT_BACKOFF = Backoff()
"""1 s, 2 s, 4 s, and so on."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What makes a request known again: its key, kept for `seconds`, and the hash of its body."""

    key: str
    body_hash: str
    seconds: float


_TAG = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f\x7f]+$"}


@dataclass(frozen=True, slots=True)
class Option:
    """How a request asks for a field: the name it has there, and the JSON Schema of its value.

    `jobs.core.job_request` checks and reads values by the schema, and the OpenAPI document
    shows it.
    """

    name: str
    schema: Mapping[str, Any]


def _option(name: str, schema: Mapping[str, Any], description: str, *, default: Any) -> Any:
    option = Option(name, {**schema, "description": description})
    return field(default=default, metadata={"option": option})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """What a client may ask for and a row keeps, besides the type and the payload."""

    priority: Priority = _option(
        "priority",
        {"enum": [*Priority], "default": Priority.DEFAULT.value},
        "A job of the default queue is run only while no high one is ready.",
        default=Priority.DEFAULT,
    )
    max_attempts: int = _option(
        "maxAttempts",
        {"type": "integer", "minimum": 1, "maximum": MAX_ATTEMPTS, "default": DEFAULT_MAX_ATTEMPTS},
        "Attempts in all.",
        default=DEFAULT_MAX_ATTEMPTS,
    )
    backoff: Backoff = _option(
        "backoff",
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "type": {
                    "enum": [*BackoffType],
                    "default": DEFAULT_BACKOFF.type.value,
                    "description": "`exponential` doubles the wait each time, up to 100 days.",
                },
                "seconds": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": MAX_BACKOFF_SECONDS,
                    "default": DEFAULT_BACKOFF.seconds,
                    "description": "The first wait.",
                },
                "jitter": {
                    "type": "boolean",
                    "default": DEFAULT_BACKOFF.jitter,
                    "description": "Shortens each wait by up to a half.",
                },
            },
        },
        "The waits after failed attempts. Without it: 1 s, 2 s, 4 s, ….",
        default=DEFAULT_BACKOFF,
    )
    timeout: float | None = _option(
        "timeoutSeconds",
        {"type": "number", "minimum": 1},
        "The most seconds that one attempt may take: up to the limit of its type, which is also "
        "the default.",
        default=None,
    )
    tags: tuple[str, ...] = _option(
        "tags",
        {"type": "array", "maxItems": 20, "uniqueItems": True, "items": _TAG},
        "Words of 1 to 64 characters to list jobs by.",
        default=(),
    )
    callback_url: str | None = _option(
        "callbackUrl",
        {
            "type": "string",
            "format": "uri",
            "maxLength": 2048,
            "pattern": "^https?://[!-~]+$",
            "example": "https://example.com/hooks/jobs",
        },
        "Receives a POST when the job ends, signed according to Standard Webhooks (`webhook-id`, "
        "`webhook-timestamp`, `webhook-signature`). Refused with 400 if the deployment has no "
        "secret to sign with; addresses inside its network are not called.",
        default=None,
    )
    unique_key: str | None = _option(
        "uniqueKey",
        {"type": "string", "minLength": 1, "maxLength": 200},
        "While a job with this key is pending or processing, submitting another one returns that "
        "job instead.",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class NewJob(JobOptions):
    """A job that was accepted and is not stored yet."""

    id: UUID
    type: str
    payload: Payload
    run_at: datetime | None = _option(
        "runAt",
        {"type": "string", "format": "date-time", "pattern": r"^(?!0000)[0-2]\d\d\d-"},
        "The earliest time to run it, with its offset from UTC; a time in the past means now. Not "
        "together with `delaySeconds`.",
        default=None,
    )
    delay: float = _option(
        "delaySeconds",
        {"type": "number", "minimum": 0, "maximum": MAX_DELAY_SECONDS},
        "Seconds from now until it may be run.",
        default=0.0,
    )
    unique_for: float | None = _option(
        "uniqueFor",
        {"type": "number", "minimum": 1, "maximum": MAX_DELAY_SECONDS},
        "Seconds after which the key is free even if the job is still open. Only with `uniqueKey`.",
        default=None,
    )
    idempotency: Idempotency | None = None
    owner: str | None = None


class AttemptOutcome(StrEnum):
    """How one attempt ended, as the history keeps it.

    `failed`: the processor or its time limit said no. `unknown`: the effect may have happened.
    `lost`: the worker died or was cut off. `retried` is no attempt: it notes that the job, failed
    after `number` attempts, got new ones.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LOST = "lost"
    CANCELLED = "cancelled"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job, as its history keeps it."""

    number: int
    started_at: datetime
    ended_at: datetime
    outcome: AttemptOutcome
    error: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the latest attempt has come, as it says itself: percent, and in words."""

    percent: float
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Job(JobOptions):
    """A stored job as it is shown to those who ask for it."""

    id: UUID
    type: str
    status: Status
    attempts: int
    result: Result | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = None
    """From when on it may be taken, if it is pending; `due_in`: the same, in seconds from now."""
    due_in: float = field(default=0.0, compare=False)
    started_at: datetime | None = None
    """When the latest attempt started, and ended (`ended_at`; None while it runs)."""
    ended_at: datetime | None = None
    progress: Progress | None = None
    idempotency_key: str | None = None
    history: tuple[Attempt, ...] = ()


JSON_NAMES = {
    **{name: name for name in ("id", "type", "status", "priority", "attempts")},
    "maxAttempts": "max_attempts",
    **{name: name for name in ("progress", "result", "error", "tags")},
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "startedAt": "started_at",
    "endedAt": "ended_at",
}
"""The members of a job's JSON, in answers, callbacks and events, and the field that each shows."""
