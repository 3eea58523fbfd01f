"""What runs the jobs of a type, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.model import Claim, Result
    from jobs.core.ports.bus import Bus
    from jobs.core.ports.mail import Mailer
    from jobs.core.ports.objects import ObjectStore
    from jobs.core.ports.web import Web


def _nobody_listens(percent: float, message: str | None = None) -> None:
    del percent, message


def _nobody_cancels() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Tools:
    """What a processor may use."""

    objects: ObjectStore
    mailer: Mailer
    mail_domain: str = "localhost"
    """The right-hand side of the Message-IDs."""
    web: Web | None = None
    callback_secret: str = ""
    """What callbacks are signed with; empty: there are none."""
    bus: Bus | None = None
    """None: nobody is told of the ends of jobs."""
    progress: Callable[..., None] = _nobody_listens
    """`progress(percent, message=None)` says how far the attempt has come, 0 to 100; it may be
    called as often as one likes, and what was said last is written once a second."""
    cancelled: Callable[[], bool] = _nobody_cancels
    """Whether the attempt may as well stop: its job was cancelled, or is somebody else's by now.
    What it comes to is void; this is known within a third of a lease."""


@dataclass(frozen=True, slots=True)
class JobType:
    """A type of job: its name, what runs it, and how long that may take.

    `process` returns the job's result, or raises: `AttemptFailed` (or anything else) for a
    failure that may go better next time, `PermanentFailure` for one that will not,
    `OutcomeUnknown` where the effect may have happened.
    """

    name: str
    process: Callable[[Claim, Tools], Result]
    budget: float
    """Seconds one attempt may take: it is not started with less time left."""
    quick: bool = False
    """Takes well under a millisecond and waits for nothing: run in the drain's own thread."""
    payload: type | None = None
    """What a payload looks like: a `TypedDict`, for the reference. `process` is the judge."""
