"""Say why a job waits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from jobs.core.model import Status

if TYPE_CHECKING:
    from datetime import datetime

    from jobs.core.model import Job
    from jobs.core.ports.queue import Standing


class Reason(StrEnum):
    """Why a job waits: for its turn, the end of its backoff, its time, a poller, or its queue to be
    resumed."""

    QUEUED = "queued"
    BACKOFF = "backoff"
    SCHEDULED = "scheduled"
    NO_POLLER = "noPoller"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a job waits. `position`: 1 is taken next; None where it is not known.

    `until`: when it may be taken, if it may not be yet.
    """

    reason: Reason
    position: int | None = None
    until: datetime | None = None


def waits_in_queue(job: Job) -> bool:
    """Whether nothing but its turn is wanting, so that the queue knows more."""
    return job.status is Status.PENDING and job.due_in <= 0


def waiting(job: Job, standing: Standing | None, *, paused: bool = False) -> Waiting | None:
    """Why `job` waits, if it does. `standing`: in its queue, as far as that could be asked.

    `paused`: its queue is.
    """
    if job.status is not Status.PENDING:
        return None
    if job.due_in > 0:
        tried = job.attempts or job.error is not None
        return Waiting(Reason.BACKOFF if tried else Reason.SCHEDULED, until=job.due_at)
    if paused:
        return Waiting(Reason.PAUSED)
    if standing is None:
        return Waiting(Reason.QUEUED)
    served = standing.pollers or standing.waking
    return Waiting(Reason.QUEUED if served else Reason.NO_POLLER, standing.position)
