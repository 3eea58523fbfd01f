"""What a drain starts: hints are taken, claimed and put in the pool, high before default."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.context import IDLE_LOOK, LOOK
from jobs.core.errors import StoreUnavailable
from jobs.core.faults import point
from jobs.core.model import Claim, Priority
from jobs.core.outcome import Lost, TryAgain
from jobs.core.ports.queue import Move
from jobs.core.suspects import Suspects
from jobs.core.work import MARGIN
from jobs.core.worker_pool import Held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobs.core.context import DrainContext
    from jobs.core.leases import Leases
    from jobs.core.model import Claimed, Hint
    from jobs.core.ports.queue import Taken

FULL_LOOK = 0.25
"""Seconds after which a poller that has no room says so, and that it is still there."""


class Fetcher:
    """Fills the worker pool of one drain. What asks the store raises `StoreUnavailable`."""

    def __init__(self, context: DrainContext, leases: Leases) -> None:
        self._context = context
        self._leases = leases
        self._pool = leases.pool
        self._alone = False
        self._looked = self._asked = self._took = 0.0
        self.suspects = Suspects()
        self.too_late = False
        """A job was claimed that takes longer than there is time."""

    def give_way(self) -> None:
        """Before a default job is started, a high one that has become ready goes first."""
        now = time.monotonic()
        waiting = any(h.claim.priority is not Priority.HIGH for h in self._pool.waiting)
        if self._holds_one_alone or not waiting or now - self._looked < LOOK:
            return
        self._looked = now
        taken = self._take(self._context.work.slots, (Priority.HIGH,))
        if taken.hints:
            self._claim(self._put_first(taken.hints))

    def fill(self) -> bool:
        """Take and claim as much as there is room for; say whether anything came of it."""
        took = self._take_more([] if self._holds_one_alone else self.suspects.beside())
        if not took and not self._pool and self.suspects:
            if self._leases.void_running:
                # What nobody wants any more may kill the worker all the same.
                time.sleep(IDLE_LOOK)
                return True
            self._claim([self.suspects.pop()], alone=True)
            return True
        return took

    @property
    def _holds_one_alone(self) -> bool:
        return self._alone and bool(self._pool)

    def _take(self, room: int, priorities: Sequence[Priority] = tuple(Priority)) -> Taken:
        """Take hints, and pass it on if another poller is needed. A `room` of 0 says so."""
        taken = self._context.hints.take(room, self._context.lease(), priorities)
        if len(priorities) == len(Priority):
            self._asked = time.monotonic()
        if taken.wake:
            self._context.chain.wake()
        return taken

    def _take_more(self, priorities: Sequence[Priority]) -> bool:
        waiting = len(self._pool.waiting)
        running = len(self._pool) - waiting + self._leases.void_running
        room = self._leases.pace.room(running=running, waiting=waiting)
        now = time.monotonic()
        full = not room or len(priorities) < len(Priority)
        if full and self._pool and now - self._asked > FULL_LOOK:
            self._take(0)
        if not room or not priorities or room * 2 < waiting:
            return False
        if self._pool and now - self._took < IDLE_LOOK:
            return False
        taken = self._take(room, priorities)
        if len(taken.hints) < room:
            self._took = now
        if taken.hints:
            point("take.after")
            self._claim(self._put_first(taken.hints))
        return bool(taken.hints)

    def _put_first(self, hints: Sequence[Hint]) -> Sequence[Hint]:
        """Let high jobs pass the claimed default ones that wait; return what is to be claimed.

        The default ones go back, and so do those that were taken with the high ones: they are
        taken again in their order.
        """
        high = [hint for hint in hints if hint.priority is Priority.HIGH]
        passed = self._pool.unstarted(Priority.DEFAULT) if high else []
        if not passed:
            return hints
        self._context.store_retry.ask(lambda: self._leases.release(passed))
        self._context.give_back(hint for hint in hints if hint.priority is not Priority.HIGH)
        return high

    def _claim(self, hints: Sequence[Hint], *, alone: bool = False) -> None:
        token, lease = uuid4(), self._context.lease()
        until = time.monotonic() + lease
        try:
            claimed = self._context.work.store.claim(
                hints,
                token,
                lease=lease,
                request_id=self._context.call.request_id,
                alone=alone,
            )
        except StoreUnavailable:
            # It may have been done all the same: what is claimed by now and never runs would
            # cost an attempt each, and look as if it had killed its worker.
            self._leases.release_later([_unanswered(hint, token) for hint in hints])
            self._context.give_back(hints)
            raise
        point("claim.after")
        self._context.store_retry.answered()
        if not alone:
            self.suspects.others_went()
        self._alone = alone
        self._begin(claimed, {hint.id: hint for hint in hints}, until)

    def _begin(self, claimed: Claimed, hints: Mapping[UUID, Hint], until: float) -> None:
        self.suspects.add(hints[job_id] for job_id in claimed.suspects)
        self._context.hints.settle(
            [Move(r.id, r.priority, r.delay, sooner=r.held) for r in claimed.refused]
        )
        for claim in claimed.lost:
            if not self._leases.holds(claim):
                self._leases.endings.add(claim, Lost())
        for claim in claimed.claims:
            self._start(claim, hints[claim.id], until)
        self._leases.release()
        self._context.hints.drop_paused([hints[job_id] for job_id in claimed.paused])

    def _start(self, claim: Claim, hint: Hint, until: float) -> None:
        job_type = self._context.work.types.get(claim.type)
        budget = job_type.budget if job_type else 0.0
        budget = min(budget, claim.timeout or budget)
        quick = job_type is None or job_type.quick
        held = Held(claim, hint, budget, quick, until)
        whole = self._context.whole
        if budget + MARGIN > whole:
            text = f"{claim.type} may take {budget:g} s, more than a poller's {whole:.0f} s"
            self._leases.endings.add(claim, TryAgain(text))
        elif budget + MARGIN > self._context.call.remaining():
            self.too_late = True
            self._leases.release_later([held])
        else:
            self._pool.start(held)


def _unanswered(hint: Hint, token: UUID) -> Held:
    """A claim of which nobody knows whether it was made: as much of it as giving it back takes."""
    return Held(Claim(hint.id, "", hint.priority, {}, 0, 0, token), hint, budget=0.0, quick=True)
