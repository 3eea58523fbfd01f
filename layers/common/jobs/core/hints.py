"""Where a drain finds out what may be ready: the queue, or the rows while the queue is away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from jobs.core.errors import QueueUnavailable
from jobs.core.model import Priority
from jobs.core.ports import Leave, Taken
from jobs.core.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobs.core.ports import JobQueue, JobStore, Log, Move

Answer = TypeVar("Answer")

AWAY_SECONDS = 2.0
"""How long a queue that did not answer is left alone: each question costs its time-out."""

AWAY_HORIZON = 5.0
"""Seconds a poller waits for due work without a queue: nobody can tell it that others do."""


class Hints:
    """One poller's view of the queue; asks the store instead while the queue does not answer."""

    def __init__(self, queue: JobQueue, store: JobStore, poller: str, log: Log) -> None:
        self._queue = queue
        self._store = store
        self._poller = poller
        self._log = log
        self._away_until = 0.0

    def take(
        self, limit: int, lease: float, priorities: Sequence[Priority] = tuple(Priority)
    ) -> Taken:
        """Hints in order of service; they may be wrong, but none is kept back.

        When Redis has lost its memory and brings nothing, the queues are rebuilt on the way.
        """
        taken = self._ask(
            lambda: self._queue.take(self._poller, limit=limit, lease=lease, priorities=priorities)
        )
        if taken is None:
            return self._due(limit, priorities)
        if limit and not taken.hints and not taken.complete:
            self.reconcile()
            taken = Taken(next_in=0.0, complete=False)
        return taken

    def settle(self, moves: Sequence[Move]) -> None:
        """Move or remove entries; while the queue is away, the rows say the same."""
        if moves:
            self._ask(lambda: self._queue.settle(moves))

    def leave(self, horizon: float, *, patient: bool) -> Leave:
        """As `JobQueue.leave`."""
        answer = self._ask(
            lambda: self._queue.leave(self._poller, horizon=horizon, patient=patient)
        )
        if answer is None:
            next_in = self._store.next_due()
            soon = next_in is not None and next_in <= min(horizon, AWAY_HORIZON)
            return Leave(not soon, next_in)
        return answer

    def reconcile(self) -> None:
        """Mend the queue from the rows, and note how much there was to mend."""
        mended = self._ask(lambda: reconcile(self._store, self._queue))
        if mended:
            self._log("queue.mended", entries=mended)

    def _due(self, limit: int, priorities: Sequence[Priority]) -> Taken:
        hints = tuple(hint for hint in self._store.due(limit) if hint.priority in priorities)
        return Taken(hints, None if hints else self._store.next_due())

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The queue's answer, or None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return question()
        except QueueUnavailable as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            self._log("queue.away", error=str(error))
            return None
