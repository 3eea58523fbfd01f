"""The claims of one poller: those that wait, run in its threads, or have ended."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from jobs.core.outcome import Outcome, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jobs.core.model import Claim, Hint, Priority


NOT_RUN = Unknown("the attempt ended without an outcome")


@dataclass(eq=False, slots=True)
class Held:
    """A claim that the pool holds. Times are `time.monotonic()` seconds.

    `until`: after it the lease has ended, and the job may be somebody else's.
    """

    claim: Claim
    hint: Hint
    budget: float
    quick: bool
    until: float = inf
    future: Future[None] | None = None
    started: float | None = None
    ended: float = 0.0
    outcome: Outcome = NOT_RUN


@dataclass(slots=True)
class WorkerPool:
    """Starts claims in the order in which they come, `slots` of them at a time.

    Used by one thread, the drain's; its worker threads touch nothing but the job they run.
    """

    run: Callable[[Claim], Outcome]
    slots: int
    _held: set[Held] = field(default_factory=set)
    _quick: deque[Held] = field(default_factory=deque)
    _ended: SimpleQueue[Held] = field(default_factory=SimpleQueue)
    _threads: ThreadPoolExecutor | None = None

    def start(self, held: Held) -> None:
        """Add `held`; it is started as soon as there is room."""
        self._held.add(held)
        if held.quick:
            self._quick.append(held)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="attempt")
        held.future = self._threads.submit(self._work, held)

    def work(self, seconds: float) -> None:
        """Run the quick ones, or wait for the others, for about `seconds` or until one ends."""
        until = time.monotonic() + seconds
        if self._quick:
            while self._quick and time.monotonic() < until:
                held = self._quick.popleft()
                if held in self._held:
                    self._work(held)
        elif self._held:
            try:
                self._ended.put(self._ended.get(timeout=seconds))
            except Empty:
                return

    def ended(self) -> list[Held]:
        """Let go of those that have ended, or come too late to be started, and return them."""
        ended = []
        while not self._ended.empty():
            held = self._ended.get()
            if held in self._held:
                self._held.remove(held)
                ended.append(held)
        return ended

    def overdue(self) -> list[Held]:
        """Let go of those that run longer than they may, and return them."""
        now = time.monotonic()
        late = [
            held
            for held in self._held
            if held.started is not None and not held.ended and now - held.started > held.budget
        ]
        self._held.difference_update(late)
        return late

    def unstarted(self, *priorities: Priority) -> list[Held]:
        """Let go of those of `priorities` (none: all) that have not been started: none will be."""
        asked = [
            held
            for held in self._held
            if held.started is None and (not priorities or held.claim.priority in priorities)
        ]
        waiting = [held for held in asked if held.quick or (held.future and held.future.cancel())]
        self._held.difference_update(waiting)
        return waiting

    def drop(self, lost: Iterable[Held]) -> None:
        """Let go of claims that belong to someone else by now."""
        for held in lost:
            if held.future:
                held.future.cancel()
            self._held.discard(held)

    def close(self, *, wait: bool) -> None:
        """End the threads; without `wait`, leave those that hang to the end of the process."""
        if self._threads is not None:
            self._threads.shutdown(wait=wait, cancel_futures=True)

    @property
    def held(self) -> list[Held]:
        """All that there are, ended or not."""
        return [*self._held]

    @property
    def running(self) -> list[Held]:
        """Those that were started and have not been let go of."""
        return [held for held in self._held if held.started is not None]

    @property
    def waiting(self) -> list[Held]:
        """Those that were not started yet."""
        return [held for held in self._held if held.started is None]

    def __len__(self) -> int:
        return len(self._held)

    def _work(self, held: Held) -> None:
        now = time.monotonic()
        if now < held.until:
            held.started = now
            held.outcome = self.run(held.claim)
        held.ended = time.monotonic()
        self._ended.put(held)
