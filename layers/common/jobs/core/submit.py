"""Accept a job: store it, publish it, wake a poller if one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.faults import point
from jobs.core.model import NewJob
from jobs.core.ports import Entry
from jobs.core.schema import schema_asked_for
from jobs.core.submission import submission

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from jobs.core.model import Job
    from jobs.core.ports import JobQueue, JobStore, Log, Waker


class Submit:
    """Takes jobs in. `types` are the names of the types there are."""

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        waker: Waker,
        types: Collection[str],
        log: Log,
        *,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._store = store
        self._queue = queue
        self._waker = waker
        self._types = types
        self._log = log
        self._new_id = new_id

    def __call__(self, envelope: object) -> Job:
        """Store the job that `envelope` (a JSON value) asks for; once it returns, it is stored.

        Raises `InvalidJob` with all that is wrong, or `StoreUnavailable`: then it is not stored,
        or nobody knows.
        """
        asked = submission(envelope, self._types)
        job = NewJob(self._new_id(), asked.type, asked.payload, asked.priority, asked.max_attempts)
        point("submit.before_store")
        with schema_asked_for(self._waker):
            stored = self._store.insert(job)
        point("submit.after_commit")
        if self._needs_waking(stored):
            self._waker.wake()
        return stored

    def _needs_waking(self, job: Job) -> bool:
        """Publish `job`; without the queue nobody knows who is at work, so one is always woken."""
        try:
            published = self._queue.publish([Entry(job.id, job.priority)])
        except Exception as error:  # noqa: BLE001 - the row is stored, and is found without an entry
            self._log("publish.failed", level="WARNING", job_id=job.id, error=str(error))
            return True
        point("submit.after_publish")
        return published.wake
