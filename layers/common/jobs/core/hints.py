"""Where a drain finds out what may be ready: the queue, or the rows while the queue is away."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from jobs.core.errors import QueueUnavailable
from jobs.core.model import Priority
from jobs.core.ports.queue import Leave, Move, Published, Taken
from jobs.core.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobs.core.model import Hint
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import Entry, JobQueue
    from jobs.core.ports.store import JobStore

Answer = TypeVar("Answer")

WHOLE_SECONDS = 1.0
"""How long queues that lacked nothing that is due are not looked through again."""

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
        self._away_until = self._whole_until = 0.0

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
            return self._due(limit, priorities) if limit else Taken()
        asked_for_all = limit > 0 and len(priorities) == len(Priority)
        if asked_for_all and not taken.hints and not taken.complete:
            return self._rebuilt(taken)
        return taken

    def settle(self, moves: Sequence[Move]) -> None:
        """Move or remove entries; while the queue is away, the rows say the same."""
        if moves:
            self._ask(lambda: self._queue.settle(moves))

    def publish(self, entries: Sequence[Entry]) -> None:
        """Add entries; this poller, or who comes after it, takes them."""
        if entries:
            self._ask(lambda: self._queue.publish(entries))

    def drop_paused(self, hints: Sequence[Hint]) -> None:
        """Drop entries of queues that were paused when they were to be claimed.

        Who resumes a queue publishes what waits in it. A queue that was resumed before these were
        dropped had them still, so they are put back.
        """
        if not hints:
            return
        self.settle([Move(hint.id, hint.priority) for hint in hints])
        resumed = {each.priority for each in self._store.queues() if each.paused_at is None}
        self.settle([Move(h.id, h.priority, score=h.score) for h in hints if h.priority in resumed])

    def leave(self, horizon: float, *, patient: bool) -> Leave:
        """As `JobQueue.leave`."""
        answer = self._ask(
            lambda: self._queue.leave(self._poller, horizon=horizon, patient=patient)
        )
        if answer is not None:
            return answer
        next_in = self._store.next_due()
        if next_in is not None and next_in <= min(horizon, AWAY_HORIZON):
            return Leave(left=False, next_in=next_in)
        # The queue may be back by now, and must not count on a poller that is gone. One that can
        # be read but not written to would keep a poller for ever if it were merely asked.
        self._away_until = 0.0
        answer = self._ask(lambda: self._queue.leave(self._poller, horizon=-1.0))
        if answer is None:
            return Leave(left=True, next_in=next_in)
        ready = answer.next_in is not None and answer.next_in <= 0
        return replace(answer, left=not ready)

    def reconcile(self) -> Published:
        """Mend the queue from the rows, and note how much there was to mend."""
        mended = self._ask(lambda: reconcile(self._store, self._queue))
        if mended and mended.added:
            self._log("queue.mended", entries=mended.added)
        return mended or Published(0, wake=False)

    def _rebuilt(self, taken: Taken) -> Taken:
        """Fill queues that are empty and may lack something; `taken` if there was nothing."""
        if time.monotonic() < self._whole_until:
            return taken
        mended = self.reconcile()
        if mended.added:
            return Taken(next_in=0.0, wake=mended.wake, complete=False)
        # All that is due is there, though not all that is open.
        self._whole_until = time.monotonic() + WHOLE_SECONDS
        return replace(taken, wake=taken.wake or mended.wake)

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
