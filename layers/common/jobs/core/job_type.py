"""A type of job: the processor that runs its attempts, and what that processor may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from jobs.core.schema import checker, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.ports.bus import Bus
    from jobs.core.ports.mail import Mailer
    from jobs.core.ports.objects import ObjectStore
    from jobs.core.ports.public_http import PublicHttp
    from jobs.core.schema import Check


def _ignore_progress(percent: float, message: str | None = None) -> None:
    del percent, message


def _never_cancelled() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """Settings of the deployment that processors read."""

    mail_domain: str = "localhost"
    """The right-hand side of the Message-IDs."""
    callback_secret: str = ""
    """Signs callbacks; empty: this deployment sends none."""
    callback_problem: str = ""
    """What is wrong with the settings of callbacks, if anything."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a processor may use: the services, the settings, and the way back to its poller."""

    objects: ObjectStore
    mailer: Mailer
    public_http: PublicHttp | None = None
    bus: Bus | None = None
    """None: this deployment has no event bus."""
    settings: ProcessorSettings = field(default_factory=ProcessorSettings)
    progress: Callable[..., None] = _ignore_progress
    """`progress(percent, message=None)` reports how far the attempt has come, 0 to 100. It may be
    called often: the latest report is written once a second."""
    cancelled: Callable[[], bool] = _never_cancelled
    """Whether the attempt may stop: its job was cancelled, or another worker has it by now.
    Its outcome is ignored then; this is known within a third of a lease."""


class PayloadCheck(StrEnum):
    """When a payload is checked against the declared type: as the job is made, or as it runs."""

    ON_SUBMIT = "on submit"
    ON_RUN = "on run"


@dataclass(frozen=True, slots=True)
class JobType:
    """A type of job: its name, its processor, and how long an attempt may take.

    `process` returns the job's result, or raises: `AttemptFailed` (or anything else) for a
    failure that may go better next time, `PermanentFailure` for one that will not,
    `OutcomeUnknown` where the effect may have happened.
    """

    name: str
    process: Callable[[Claim[Any], JobContext], Result]
    max_seconds: float
    """The most seconds one attempt may take: it is not started with less time left."""
    runs_inline: bool = False
    """Takes well under a millisecond and waits for nothing: runs in the drain's own thread."""
    payload: type[Any] | None = None
    """The shape of a payload, a `TypedDict`. Without `check` the reference shows it, and `process`
    alone judges."""
    check: PayloadCheck | None = None
    """When payloads are refused that differ from `payload`."""


@cache
def payload_check(job_type: JobType) -> Check:
    """A function that names every way in which a payload differs from the declared type.

    Raises `TypeError` for a type that declares no payload, or one without a JSON Schema.
    """
    return checker(schema_of(job_type.payload))
