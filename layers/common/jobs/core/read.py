"""Show a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import JobNotFound
from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Job
    from jobs.core.ports import JobStore, Waker


class Read:
    """Looks jobs up."""

    def __init__(self, store: JobStore, waker: Waker) -> None:
        self._store = store
        self._waker = waker

    def __call__(self, job_id: UUID) -> Job:
        """The job with its history. Raises `JobNotFound`, `StoreUnavailable`."""
        with schema_asked_for(self._waker):
            job = self._store.get(job_id)
        if job is None:
            raise JobNotFound
        return job
