"""Cancel jobs, and give failed ones new attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.errors import JobNotFound, QueueUnavailable, TooLate
from jobs.core.model import Status
from jobs.core.ports.queue import Move
from jobs.core.publish import Publish
from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from datetime import datetime

    from jobs.core.model import Job
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

MOST = 1_000
"""Failed jobs that are given new attempts in one go."""


@dataclass(frozen=True, slots=True)
class Retried:
    """How many failed jobs were given new attempts, and whether there may be more of them."""

    count: int
    more: bool


class Control:
    """What is done to jobs that are stored."""

    def __init__(self, store: JobStore, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._store = store
        self._queue = queue
        self._waker = waker
        self._publish = Publish(queue, waker, log)
        self._log = log

    def cancel(self, job_id: UUID) -> Job:
        """Cancel a job, waiting or running: from now on nobody can end it otherwise.

        The attempt that runs is told at its worker's next renewal, and what it comes to is void.
        Cancelling again is no error. Raises `JobNotFound`, `TooLate` if it has ended otherwise,
        `StoreUnavailable`.
        """
        with schema_asked_for(self._waker):
            cancelled = self._store.cancel(job_id)
        if cancelled is None:
            raise JobNotFound
        job = cancelled.job
        if job.status is not Status.CANCELLED:
            raise TooLate(f"the job is {job.status} already")
        try:
            self._queue.settle([Move(job.id, job.priority)])
        except QueueUnavailable as error:
            self._log("cancel.entry_left", level="WARNING", job_id=job.id, error=str(error))
        if cancelled.born:
            self._publish.entries(cancelled.born)
        return job

    def retry(self, job_id: UUID, request_id: str | None) -> Job:
        """Give a failed job all its attempts again; `request_id` is noted in its history.

        Raises `JobNotFound`, `NotFailed`, `UniqueKeyTaken`, `StoreUnavailable`.
        """
        with schema_asked_for(self._waker):
            job = self._store.retry(job_id, uuid4(), request_id=request_id)
        if job is None:
            raise JobNotFound
        self._publish([job])
        return job

    def retry_all(
        self, job_type: str | None, since: datetime | None, request_id: str | None
    ) -> Retried:
        """As `retry` for the first `MOST` jobs of a type (or any) that failed since then.

        Those whose unique key another job has are left out. Raises `StoreUnavailable`.
        """
        with schema_asked_for(self._waker):
            jobs, more = self._store.retry_all(
                job_type, since, uuid4(), limit=MOST, request_id=request_id
            )
        if jobs:
            self._publish(jobs)
        return Retried(len(jobs), more)
