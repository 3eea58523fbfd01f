"""Show a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import JobNotFound
from jobs.core.schema import schema_asked_for
from jobs.core.waiting import Waiting, waiting, waits_in_queue

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Job, Priority
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue, Standing
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker


class Read:
    """Looks jobs up."""

    def __init__(self, store: JobStore, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._store = store
        self._queue = queue
        self._waker = waker
        self._log = log

    def __call__(self, job_id: UUID) -> Job:
        """The job with its history. Raises `JobNotFound`, `StoreUnavailable`."""
        with schema_asked_for(self._waker):
            job = self._store.get(job_id)
        if job is None:
            raise JobNotFound
        return job

    def waiting(self, job: Job) -> Waiting | None:
        """Why `job` waits, if it does; without the queue that is not known in full.

        Raises `StoreUnavailable`.
        """
        if not waits_in_queue(job):
            return waiting(job, None)
        if self._is_paused(job.priority):
            return waiting(job, None, paused=True)
        return waiting(job, self._standing(job))

    def _is_paused(self, priority: Priority) -> bool:
        with schema_asked_for(self._waker):
            states = self._store.queues()
        return any(each.priority is priority and each.paused_at for each in states)

    def _standing(self, job: Job) -> Standing | None:
        try:
            return self._queue.standing(job.id, job.priority)
        except Exception as error:  # noqa: BLE001 - the job is shown all the same
            self._log("standing.unknown", level="WARNING", job_id=job.id, error=str(error))
            return None
