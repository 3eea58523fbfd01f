"""Hand out what a job has made: its result, or the way to the object that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import NoResult
from jobs.core.model import Status

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Result
    from jobs.core.ports.objects import Links
    from jobs.core.read import Read

GOOD_FOR = 300
"""Seconds for which a link can be followed."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where the object is that a job has made."""

    url: str


class Results:
    """Hands out results of completed jobs."""

    def __init__(self, read: Read, links: Links) -> None:
        self._read = read
        self._links = links

    def __call__(self, job_id: UUID) -> Result | Link:
        """The result of a job; for one that names an object, a link to that.

        Raises `JobNotFound`, `NoResult`, `StoreUnavailable`.
        """
        job = self._read(job_id)
        if job.status is not Status.COMPLETED or job.result is None:
            raise NoResult(f"the job is {job.status}")
        key = job.result.get("key")
        if "bucket" in job.result and isinstance(key, str):
            return Link(self._links.link(key, seconds=GOOD_FOR))
        return job.result
