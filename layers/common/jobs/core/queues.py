"""Pause and resume queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from jobs.core.errors import QueueNotFound, QueueUnavailable
from jobs.core.model import Priority
from jobs.core.reconcile import reconcile
from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.model import QueueState
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

Answer = TypeVar("Answer")

MOST = 10_000
"""Jobs of each queue that are published at once when one goes on; pollers find the others when
they have nothing else to do."""


class Queues:
    """What is done to queues as a whole. The rows say which are paused, and the claim asks them;
    what is done to the entries spares the pollers work, and may fail."""

    def __init__(self, store: JobStore, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._store = store
        self._queue = queue
        self._waker = waker
        self._log = log

    def pause(self, name: str) -> QueueState:
        """Claim no more jobs of this queue. What is claimed already runs to its end.

        Pausing again is no error. Raises `QueueNotFound`, `StoreUnavailable`.
        """
        priority = _priority(name)
        with schema_asked_for(self._waker):
            state = self._store.pause(priority)
        self._ask(lambda: self._queue.withdraw(priority))
        # Ended leases were withdrawn too, and all of it in vain if somebody has resumed meanwhile.
        self._publish()
        return state

    def resume(self, name: str) -> QueueState:
        """Claim jobs of this queue again, at once if a poller can be woken.

        Resuming again is no error. Raises `QueueNotFound`, `StoreUnavailable`.
        """
        with schema_asked_for(self._waker):
            state = self._store.resume(_priority(name))
        self._publish()
        return state

    def _publish(self) -> None:
        published = self._ask(lambda: reconcile(self._store, self._queue, MOST))
        # Without the queue nobody knows who is at work.
        if published is None or published.wake:
            self._waker.wake()

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except QueueUnavailable as error:
            self._log("entries.left", level="WARNING", error=str(error))
            return None


def _priority(name: str) -> Priority:
    if name not in list(Priority):
        raise QueueNotFound
    return Priority(name)
