"""Cancel jobs, run waiting ones now, and give failed ones new attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.errors import JobAlreadyEnded, JobNotFound
from jobs.core.job import Status
from jobs.core.ports.queue import EntryUpdate

if TYPE_CHECKING:
    from datetime import datetime

    from jobs.core.best_effort import BestEffortQueue
    from jobs.core.job import Job
    from jobs.core.ports.store import JobStore
    from jobs.core.submit import Publisher

MAX_RETRIED_JOBS = 1_000
"""The most failed jobs that one request retries."""


@dataclass(frozen=True, slots=True)
class Retried:
    """How many failed jobs were given new attempts, and whether there may be more of them."""

    count: int
    more: bool


class Control:
    """Cancels, hastens and retries stored jobs."""

    def __init__(self, *, store: JobStore, queue: BestEffortQueue, publisher: Publisher) -> None:
        self._store = store
        self._queue = queue
        self._publisher = publisher

    def cancel(self, job_id: UUID) -> Job:
        """Cancel a job, waiting or running: from now on no worker can end it otherwise.

        A running attempt learns of it at its worker's next renewal; its outcome is ignored.
        Cancelling again is no error. Raises `JobNotFound`, `JobAlreadyEnded` if it ended in another
        way, `StoreUnavailable`.
        """
        cancelled = self._store.cancel(job_id)
        if cancelled is None:
            raise JobNotFound
        job = cancelled.job
        if job.status is not Status.CANCELLED:
            raise JobAlreadyEnded(f"the job is {job.status} already")
        self._queue.update_entries([EntryUpdate(job.id, job.priority)])
        if cancelled.outbox_entries:
            self._publisher.entries(cancelled.outbox_entries)
        return job

    def run(self, job_id: UUID) -> Job:
        """Make a waiting job due now, whatever it waits for but the jobs before it and a pause.

        Running it again is no error. Raises `JobNotFound`, `JobNotPending`, `StoreUnavailable`.
        """
        job = self._store.make_due(job_id)
        if job is None:
            raise JobNotFound
        self._queue.update_entries([EntryUpdate(job.id, job.priority, 0.0, sooner=True)])
        self._publisher.jobs([job])
        return job

    def retry(self, job_id: UUID, request_id: str | None) -> Job:
        """Give a failed job all its attempts again; `request_id` is noted in its history.

        Raises `JobNotFound`, `JobNotFailed`, `UniqueKeyTaken`, `StoreUnavailable`.
        """
        job = self._store.retry(job_id, uuid4(), request_id=request_id)
        if job is None:
            raise JobNotFound
        self._publisher.jobs([job])
        return job

    def retry_all(
        self, job_type: str | None, since: datetime | None, request_id: str | None
    ) -> Retried:
        """As `retry` for the first `MAX_RETRIED_JOBS` jobs, of a type or any, that failed since.

        Those whose unique key another job has are left out. Raises `StoreUnavailable`.
        """
        jobs, more = self._store.retry_all(
            job_type, since, uuid4(), limit=MAX_RETRIED_JOBS, request_id=request_id
        )
        if jobs:
            self._publisher.jobs(jobs)
        return Retried(len(jobs), more)
