"""The jobs that a drain has leased: settled once they end, renewed while they run, or released."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobs.core.attempts import Attempts
from jobs.core.context import GRACE, LOOK
from jobs.core.endings import Endings
from jobs.core.faults import point
from jobs.core.outcome import TryAgain, Unknown
from jobs.core.pace import Pace
from jobs.core.ports.queue import Move
from jobs.core.work import MARGIN
from jobs.core.worker_pool import Held, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.context import DrainContext
    from jobs.core.model import Claim

REPORT_EVERY = 1.0
"""Seconds between two writings of how far attempts have come."""


class Leases:
    """The claims of one drain, from their start to where they are somebody else's to judge.

    What asks the store raises `StoreUnavailable`, and may be asked again.
    """

    def __init__(self, context: DrainContext) -> None:
        work = context.work
        self._context = context
        self._store = work.store
        self._attempts = Attempts(work.types, work.tools, work.log)
        self._unreleased: list[Held] = []
        self._void: list[Held] = []
        self._renewed = self._reported = 0.0
        self.pool = WorkerPool(self._attempts.run, work.slots)
        self.endings = Endings(work.store, context.hints, work.log, context.result.counts)
        self.pace = Pace(work.slots, work.most)
        self.hangs = False
        """An attempt runs longer than it may, and nobody can end it but with its process."""
        self.settlements = 0
        """Times that something was settled."""

    @property
    def owes(self) -> bool:
        """Something has yet to be told to a database that does not answer."""
        return bool(self.endings or self._unreleased)

    @property
    def void_running(self) -> int:
        """Attempts that are of no use to anybody, and have a thread each all the same."""
        return sum(not held.ended for held in self._void)

    def holds(self, claim: Claim) -> bool:
        """Whether what comes of `claim` counts still, though its lease may have ended since."""
        known = [each.claim for each in (*self.pool.held, *self._unreleased)]
        same = (each.id == claim.id and each.token == claim.token for each in known)
        return self.endings.holds(claim) or any(same)

    def settle(self) -> None:
        """Settle what has ended, and what takes too long; give back what was not started."""
        ended = self.pool.ended()
        # After a freeze of this environment they may be somebody else's, or still be given back.
        self._unreleased += [held for held in ended if held.started is None]
        for held in ended:
            if held.started is None:
                continue
            seconds = held.ended - held.started
            self.pace.note(seconds * self._context.work.slots if held.quick else seconds)
            self.endings.add(held.claim, held.outcome, seconds)
        for held in self.pool.overdue():
            self.hangs = self._context.result.tainted = True
            text = f"ran longer than the {held.budget:g} s that it may take"
            self.endings.add(held.claim, TryAgain(text), held.budget)
        if self.endings:
            self.endings.settle()
            self.settlements += 1
            self._context.store_retry.answered()
        self.release()

    def renew(self) -> None:
        """Renew what is held, in the thread that will settle it: no owner, no renewal."""
        held = self.pool.held
        now = time.monotonic()
        if not held:
            self._renewed = now
        if now - self._renewed < self._context.work.lease / 3:
            return
        lease = self._context.lease()
        until = now + lease
        kept = self._store.renew([each.claim for each in held], lease=lease)
        self._renewed = now
        self._context.store_retry.answered()
        point("renew.after_row")
        self._context.hints.settle(
            [Move(h.claim.id, h.claim.priority, lease) for h in held if h.claim.id in kept]
        )
        # What has ended meanwhile is settled like any other, unless somebody else has the job.
        for each in held:
            if each.claim.id in kept:
                each.until = until
        lost = [each for each in held if each.claim.id not in kept and not each.ended]
        self._void += [each for each in lost if each.started]
        self.pool.drop(lost)
        self._attempts.cancel(each.claim for each in lost)

    def report(self) -> None:
        """Write what attempts have told of their progress."""
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY:
            return
        if news := self._attempts.reported():
            self._reported = now
            self._store.report(news)

    def release(self, unstarted: Sequence[Held] = ()) -> None:
        """Give back what was claimed and not started: as it was, the attempt not counted.

        What could not be given back is kept, and asked for again.
        """
        self._unreleased += unstarted
        if not self._unreleased:
            return
        released = self._store.release([held.claim for held in self._unreleased])
        point("release.after_row")
        self._context.result.counts["released"] += len(released)
        self._context.give_back(h.hint for h in self._unreleased if h.claim.id in released)
        self._unreleased.clear()

    def release_later(self, unstarted: Sequence[Held]) -> None:
        """As `release`, together with the next."""
        self._unreleased += unstarted

    def cut_off(self) -> None:
        """Give up what still runs."""
        for held in self.pool.running:
            self._context.result.tainted = True
            text = "cut off: the worker was stopped while the attempt ran"
            self.endings.add(held.claim, Unknown(text))
        self.pool.drop(self.pool.running)
        self._context.store_retry.ask(self.settle)

    def close(self) -> None:
        """Let nothing outlive this invocation that is of no use to anybody.

        It was told so, and is given a moment to stop: that spares the process.
        """
        call = self._context.call
        until = time.monotonic() + min(GRACE, call.remaining() - MARGIN / 2)
        while self.void_running and time.monotonic() < until:
            call.alive()
            time.sleep(LOOK)
        self._context.result.tainted |= self.void_running > 0
        self.pool.close(wait=not self._context.result.tainted)
