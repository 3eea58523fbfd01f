"""Wait until something happens to a job."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobs.core import members

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from jobs.core.model import Job
    from jobs.core.read import Read

USUAL, LONGEST = 20.0, 25.0
"""Seconds to wait. A gateway gives up on the function after 29."""

EVERY = 0.2
"""Seconds between two looks at the row."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def version(job: Job) -> str:
    """Another one after every change of the row."""
    return f"{job.updated_at.timestamp():.6f}"


class Watch:
    """Answers when a job changes."""

    def __init__(
        self,
        read: Read,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._sleep = sleep
        self._clock = clock

    def __call__(self, job_id: UUID, since: str | None = None, wait: float = USUAL) -> Job:
        """The job, once it is another than it was, or final, or `wait` seconds have gone by.

        `since`: the `version` or the time of change that the caller knows; without it, what the
        job is now. Raises `JobNotFound`, `StoreUnavailable`.
        """
        deadline = self._clock() + wait
        job = self._read(job_id)
        since = version(job) if since is None else since
        while not job.status.is_final and _is_known(job, since):
            left = deadline - self._clock()
            if left <= 0:
                break
            self._sleep(min(EVERY, left))
            job = self._read(job_id)
        return job


def _is_known(job: Job, since: str) -> bool:
    known = members.time(since)
    if known is None:
        return since == version(job)
    # Clients see milliseconds.
    return _milliseconds(known) == _milliseconds(job.updated_at)


def _milliseconds(time: datetime) -> int:
    # Not by `timestamp()`: a float of a thousandth may lie below it.
    return (time - _EPOCH) // _MILLISECOND
