"""The queue as a drain asks it, or the rows while the queue does not answer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from jobs.core.errors import QueueUnavailable
from jobs.core.job import Priority
from jobs.core.ports.queue import EntryUpdate, LeaveResult, Published, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jobs.core.claim import Candidate, Entry
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore

Answer = TypeVar("Answer")

COMPLETE_SECONDS = 1.0
"""Queues that held everything due are not rebuilt again for so long."""

UNAVAILABLE_SECONDS = 2.0
"""A queue that did not answer is left alone for so long: each question costs its time-out."""

MAX_FALLBACK_WAIT_SECONDS = 5.0
"""Without a queue a poller waits for due work no longer: other pollers cannot be seen then."""


class FallbackQueue:
    """One poller's view of the queue; asks the store instead while the queue does not answer.

    `rebuild` publishes the open rows again; it raises as `jobs.core.reconcile` does.
    """

    def __init__(
        self,
        queue: JobQueue,
        store: JobStore,
        poller: str,
        log: Log,
        *,
        rebuild: Callable[[], Published],
    ) -> None:
        self._queue = queue
        self._store = store
        self._poller = poller
        self._log = log
        self._rebuild = rebuild
        self._unavailable_until = self._complete_until = 0.0

    def take(
        self, limit: int, lease: float, priorities: Sequence[Priority] = tuple(Priority)
    ) -> Taken:
        """Candidates in order of service; they may be wrong, but none is kept back.

        When Redis has lost its memory and brings nothing, the queues are rebuilt on the way.
        """
        taken = self._ask(
            lambda: self._queue.take(self._poller, limit=limit, lease=lease, priorities=priorities)
        )
        if taken is None:
            return self._due(limit, priorities) if limit else Taken()
        asked_for_all = limit > 0 and len(priorities) == len(Priority)
        if asked_for_all and not taken.candidates and not taken.complete:
            return self._rebuilt(taken)
        return taken

    def update_entries(self, updates: Sequence[EntryUpdate]) -> None:
        """Move or remove entries; while the queue does not answer, the rows say the same."""
        if updates:
            self._ask(lambda: self._queue.update_entries(updates))

    def put_back(self, candidates: Iterable[Candidate]) -> None:
        """Put entries that were taken and not claimed back in their places."""
        self.update_entries([EntryUpdate(c.id, c.priority, score=c.score) for c in candidates])

    def publish(self, entries: Sequence[Entry]) -> None:
        """Add entries; this poller, or the one after it, takes them."""
        if entries:
            self._ask(lambda: self._queue.publish(entries))

    def drop_paused(self, candidates: Sequence[Candidate]) -> None:
        """Drop entries of queues that were paused when they were to be claimed.

        A resume publishes what waits in its queue. If a queue was resumed before these were
        dropped, it had them still, so they are put back.
        """
        if not candidates:
            return
        self.update_entries([EntryUpdate(each.id, each.priority) for each in candidates])
        resumed = {each.priority for each in self._store.queues() if each.paused_at is None}
        self.put_back(each for each in candidates if each.priority in resumed)

    def deregister(self, max_wait: float, *, wait_for_leases: bool) -> LeaveResult:
        """As `JobQueue.deregister`."""
        answer = self._ask(
            lambda: self._queue.deregister(
                self._poller, max_wait=max_wait, wait_for_leases=wait_for_leases
            )
        )
        if answer is not None:
            return answer
        next_in = self._store.next_due()
        if next_in is not None and next_in <= min(max_wait, MAX_FALLBACK_WAIT_SECONDS):
            return LeaveResult(left=False, next_in=next_in)
        # The queue may be back by now, and must not count on a poller that has left. A queue that
        # can be read but not written to would keep a poller for ever if it were merely asked.
        self._unavailable_until = 0.0
        answer = self._ask(lambda: self._queue.deregister(self._poller, max_wait=-1.0))
        if answer is None:
            return LeaveResult(left=True, next_in=next_in)
        ready = answer.next_in is not None and answer.next_in <= 0
        return replace(answer, left=not ready)

    def reconcile(self) -> Published:
        """Mend the queue from the rows, and log how many entries it lacked or had too late."""
        published = self._ask(self._rebuild)
        if published and (published.added or published.moved):
            self._log("queue.repaired", entries=published.added, moved=published.moved)
        return published or Published(0, wake=False)

    def _rebuilt(self, taken: Taken) -> Taken:
        """Fill queues that are empty and may lack something; `taken` if there was nothing."""
        if time.monotonic() < self._complete_until:
            return taken
        published = self.reconcile()
        if published.added or published.moved:
            return Taken(next_in=0.0, wake=published.wake, complete=False)
        # Everything due is there, though perhaps not everything open.
        self._complete_until = time.monotonic() + COMPLETE_SECONDS
        return replace(taken, wake=taken.wake or published.wake)

    def _due(self, limit: int, priorities: Sequence[Priority]) -> Taken:
        found = tuple(each for each in self._store.due(limit) if each.priority in priorities)
        return Taken(found, None if found else self._store.next_due())

    def _ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The queue's answer, or None while it does not answer."""
        if time.monotonic() < self._unavailable_until:
            return None
        try:
            return question()
        except QueueUnavailable as error:
            self._unavailable_until = time.monotonic() + UNAVAILABLE_SECONDS
            self._log("queue.unavailable", error=str(error))
            return None
