"""Tell the queue of jobs that are stored, and wake a poller if one is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.faults import point
from jobs.core.model import Status
from jobs.core.ports.queue import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.model import Job
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.waker import Waker


class Publish:
    """Publishes jobs. Never raises: the rows are stored, and are found without entries."""

    def __init__(self, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._queue = queue
        self._waker = waker
        self._log = log

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Publish those of `jobs` that wait. Whether they were before does not matter."""
        self.entries(
            [
                Entry(job.id, job.priority, job.due_in)
                for job in jobs
                if job.status is Status.PENDING
            ]
        )

    def entries(self, entries: Sequence[Entry]) -> None:
        """Publish jobs of which no more is known than where they belong."""
        if self._needs_waking(entries):
            self._waker.wake()

    def _needs_waking(self, entries: Sequence[Entry]) -> bool:
        """Without the queue nobody knows who is at work, so that one is always woken."""
        try:
            published = self._queue.publish(entries)
        except Exception as error:  # noqa: BLE001 - whatever a client library raises
            self._log(
                "publish.failed",
                level="WARNING",
                job_id=entries[0].id if entries else None,
                jobs=len(entries),
                error=str(error),
            )
            return True
        point("submit.after_publish")
        return published.wake
