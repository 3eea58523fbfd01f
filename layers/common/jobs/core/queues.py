"""Pause and resume queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.best_effort import BestEffortQueue
from jobs.core.errors import QueueNotFound
from jobs.core.job import Priority
from jobs.core.reconcile import reconcile

if TYPE_CHECKING:
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore, QueueState
    from jobs.core.ports.waker import Waker

MAX_PUBLISHED_JOBS = 10_000
"""The most jobs of each queue that a resume publishes; pollers find the others when they have
nothing else to do."""


class Queues:
    """Pauses and resumes queues. The rows say which are paused, and each claim asks them; updating
    the entries only saves the pollers work, and may fail."""

    def __init__(self, *, store: JobStore, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._store = store
        self._queue = queue
        self._best_effort = BestEffortQueue(queue, log)
        self._waker = waker

    def pause(self, name: str) -> QueueState:
        """Claim no more jobs of this queue. Jobs that are claimed already run to their end.

        Pausing again is no error. Raises `QueueNotFound`, `StoreUnavailable`.
        """
        priority = _priority(name)
        state = self._store.pause(priority)
        self._best_effort.remove_ready(priority)
        # Ended leases were removed too; so were ready jobs, wrongly if a resume came meanwhile.
        self._publish()
        return state

    def resume(self, name: str) -> QueueState:
        """Claim jobs of this queue again, at once if a poller can be woken.

        Resuming again is no error. Raises `QueueNotFound`, `StoreUnavailable`.
        """
        state = self._store.resume(_priority(name))
        self._publish()
        return state

    def _publish(self) -> None:
        published = self._best_effort.ask(
            reconcile, self._store, self._queue, MAX_PUBLISHED_JOBS, event="queue.update_skipped"
        )
        # Without the queue it is unknown whether a poller is running.
        if published is None or published.wake:
            self._waker.wake()


def _priority(name: str) -> Priority:
    if name not in list(Priority):
        raise QueueNotFound
    return Priority(name)
