"""The threads of one poller: the claims that wait for one, run in one, or have ended."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from jobs.core.retry import Outcome, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jobs.core.claim import Candidate, Claim
    from jobs.core.job import Priority

CLAIM_AHEAD_SECONDS = 0.05
"""A claimed job may wait for its start so long: a crash puts so much work at risk, and a high job
may find so much in its way."""

NOT_RUN = OutcomeUnknown("the attempt ended without an outcome")


@dataclass(eq=False, slots=True)
class HeldClaim:
    """A claim that the pool holds. Times are `time.monotonic()` seconds.

    `until`: the lease ends then, and another worker may have the job.
    """

    claim: Claim
    candidate: Candidate
    max_seconds: float
    runs_inline: bool
    until: float = inf
    started: float | None = None
    ended: float = 0.0
    outcome: Outcome = NOT_RUN


@dataclass(slots=True)
class BatchSize:
    """How many jobs to claim at once: as many as can be started within `CLAIM_AHEAD_SECONDS`.

    `seconds`: a moving average of how long attempts take.
    """

    slots: int
    max_held: int
    seconds: float = CLAIM_AHEAD_SECONDS

    def note(self, seconds: float) -> None:
        """Learn from one attempt."""
        self.seconds += (seconds - self.seconds) / 8

    def more(self, *, running: int, waiting: int) -> int:
        """How many more to claim, with so many held: the free slots, and the work ahead."""
        ahead = int(CLAIM_AHEAD_SECONDS * self.slots / max(self.seconds, 1e-6))
        return max(0, min(self.max_held, self.slots - running + ahead) - waiting)


@dataclass(slots=True)
class ThreadPool:
    """Starts claims in the order in which they come, `slots` of them at a time.

    Used by one thread, the drain's; its worker threads touch nothing but the job they run and the
    line of those that wait for a thread. `begin` is called in the order of the starts, for one
    claim at a time; `run` after it, for several at a time.
    """

    run: Callable[[Claim], Outcome]
    slots: int
    max_held: int = 200
    begin: Callable[[Claim], object] = lambda _: None
    held: set[HeldClaim] = field(default_factory=set)
    """All claims, ended or not."""
    _abandoned: list[HeldClaim] = field(default_factory=list)
    _inline: deque[HeldClaim] = field(default_factory=deque)
    _line: deque[HeldClaim] = field(default_factory=deque)
    _starting: Lock = field(default_factory=Lock)
    _ended: SimpleQueue[HeldClaim] = field(default_factory=SimpleQueue)
    _threads: ThreadPoolExecutor | None = None
    _batch_size: BatchSize = field(init=False)

    def __post_init__(self) -> None:
        self._batch_size = BatchSize(self.slots, self.max_held)

    def claim_batch_size(self) -> int:
        """How many more jobs to claim now."""
        waiting = len(self.waiting)
        running = len(self.held) - waiting + self.abandoned_running
        return self._batch_size.more(running=running, waiting=waiting)

    def start(self, held: HeldClaim) -> None:
        """Add `held`; it is started as soon as a slot is free."""
        self.held.add(held)
        if held.runs_inline:
            self._inline.append(held)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="attempt")
        self._line.append(held)
        self._threads.submit(self._work_first)

    def work(self, seconds: float) -> None:
        """Run the inline ones, or wait for the others, for about `seconds` or until one ends."""
        until = time.monotonic() + seconds
        if self._inline:
            while self._inline and time.monotonic() < until:
                held = self._inline.popleft()
                if held in self.held:
                    self._begin(held)
                    self._work(held)
        elif self.held:
            try:
                self._ended.put(self._ended.get(timeout=seconds))
            except Empty:
                return

    def ended(self) -> list[HeldClaim]:
        """Let go of those that have ended, or come too late to be started, and return them."""
        ended = []
        while not self._ended.empty():
            held = self._ended.get()
            if held in self.held:
                self.held.remove(held)
                ended.append(held)
                if held.started is not None:
                    share = self.slots if held.runs_inline else 1
                    self._batch_size.note((held.ended - held.started) * share)
        return ended

    def overdue(self) -> list[HeldClaim]:
        """Let go of those that run longer than they may, and return them."""
        now = time.monotonic()
        late = [
            held
            for held in self.held
            if held.started is not None and not held.ended and now - held.started > held.max_seconds
        ]
        self.held.difference_update(late)
        return late

    def unstarted(self, *priorities: Priority) -> list[HeldClaim]:
        """Let go of those of `priorities` (none: all) that have not been started: none will be."""
        asked = [
            held
            for held in self.held
            if held.started is None and (not priorities or held.claim.priority in priorities)
        ]
        waiting = [held for held in asked if held.runs_inline or self._withdraw(held)]
        self.held.difference_update(waiting)
        return waiting

    def drop(self, held: Iterable[HeldClaim]) -> None:
        """Let go of claims that another worker may have by now."""
        for each in [*held]:
            self._withdraw(each)
            self.held.discard(each)

    def abandon(self, held: Iterable[HeldClaim]) -> None:
        """As `drop`, and remember those that run: each occupies its thread until it ends."""
        for each in held:
            self.drop([each])
            if each.started:
                self._abandoned.append(each)

    def close(self, *, wait: bool) -> None:
        """End the threads; without `wait`, leave those that hang to the end of the process."""
        if self._threads is not None:
            self._threads.shutdown(wait=wait, cancel_futures=True)

    @property
    def running(self) -> list[HeldClaim]:
        """Those that were started and have not been let go of."""
        return [held for held in self.held if held.started is not None]

    @property
    def waiting(self) -> list[HeldClaim]:
        """Those that were not started yet."""
        return [held for held in self.held if held.started is None]

    @property
    def abandoned_running(self) -> int:
        """Attempts whose outcome is ignored, and which occupy a thread each nevertheless."""
        return sum(not held.ended for held in self._abandoned)

    def _withdraw(self, held: HeldClaim) -> bool:
        """Take `held` out of the line; whether it was still there."""
        with self._starting:
            if held not in self._line:
                return False
            self._line.remove(held)
            return True

    def _work_first(self) -> None:
        """Run the first of the line, unless all have been withdrawn."""
        with self._starting:
            if not self._line:
                return
            held = self._line.popleft()
            self._begin(held)
        self._work(held)

    def _begin(self, held: HeldClaim) -> None:
        now = time.monotonic()
        if now < held.until:
            held.started = now
            self.begin(held.claim)

    def _work(self, held: HeldClaim) -> None:
        if held.started is not None:
            held.outcome = self.run(held.claim)
        held.ended = time.monotonic()
        self._ended.put(held)
