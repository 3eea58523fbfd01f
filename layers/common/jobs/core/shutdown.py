"""How a drain ends: it stays while something is due soon, or closes and wakes another to go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobs.core.context import GRACE, IDLE_LOOK, LOOK
from jobs.core.errors import StoreUnavailable
from jobs.core.faults import point
from jobs.core.ports.queue import BELIEVED
from jobs.core.work import MARGIN

if TYPE_CHECKING:
    from jobs.core.context import DrainContext
    from jobs.core.fetcher import Fetcher
    from jobs.core.leases import Leases

HORIZON = 65.0
"""Seconds a poller waits for what is due soon: by then the schedule has sent the next one."""


class Shutdown:
    """Judges when one drain has to end, and sees to it that nothing is forgotten."""

    def __init__(self, context: DrainContext, leases: Leases, fetcher: Fetcher) -> None:
        self._context = context
        self._leases = leases
        self._fetcher = fetcher
        self._began = time.monotonic()
        self._stopped_at: float | None = None
        self._closing = False
        self._left_at: int | None = None

    def must_close(self) -> bool:
        """Nothing more may be begun."""
        call, pool = self._context.call, self._leases.pool
        if call.stopping() and self._stopped_at is None:
            self._stopped_at = time.monotonic()
        remaining = call.remaining()
        self._closing |= (
            self._stopped_at is not None
            or remaining < MARGIN * 2
            or self._leases.hangs
            or self._fetcher.too_late
            or self._context.store_retry.exhausted
            # One that still waits for a slot may have too little time left by now.
            or any(held.budget + MARGIN > remaining for held in pool.waiting)
            # Nothing could be started: another poller can.
            or self._leases.void_running >= self._context.work.slots
        )
        return self._closing

    def close(self) -> bool:
        """Give back what was not started, wait for what runs; False when all is done."""
        context, leases = self._context, self._leases
        context.store_retry.ask(lambda: leases.release(leases.pool.unstarted()))
        context.give_back(self._fetcher.suspects.clear())
        if self._left_at is None:
            # At once: what is published from now on must not count on this poller.
            self._hand_over()
        if self._time_is_up():
            leases.cut_off()
        elif leases.pool or (leases.owes and not context.store_retry.exhausted):
            leases.pool.work(LOOK)
            return True
        if self._left_at != leases.settlements:
            self._hand_over()
        return False

    def stay(self) -> bool:
        """Leave if nothing is to be waited for; if something is, wait for a moment."""
        call = self._context.call
        if call.patient and time.monotonic() - self._began < BELIEVED:
            # The dead one is still believed to be there: what is published now wakes nobody.
            time.sleep(IDLE_LOOK)
            return True
        point("leave.before")
        horizon = max(0.0, min(HORIZON, call.remaining() - MARGIN * 2))
        try:
            answer = self._context.hints.leave(horizon, patient=call.patient)
        except StoreUnavailable:
            return False
        due = answer.next_in
        if answer.left:
            # A poller with more time left would have waited for what is due soon.
            most = min(HORIZON, self._context.whole - MARGIN * 2)
            if due is not None and horizon < due <= most:
                self._context.chain.wake()
        elif due and due > 0:
            time.sleep(min(due, IDLE_LOOK))
        return not answer.left

    def _time_is_up(self) -> bool:
        """The environment stops, or the invocation has as good as ended."""
        stopped = self._stopped_at and time.monotonic() - self._stopped_at > GRACE
        return bool(stopped) or self._context.call.remaining() <= MARGIN / 2

    def _hand_over(self) -> None:
        self._left_at = self._leases.settlements
        point("leave.before")
        try:
            answer = self._context.hints.leave(-1.0, patient=False)
        except StoreUnavailable:
            return
        soon = answer.next_in is not None and answer.next_in < HORIZON
        if soon and not self._context.store_retry.failing:
            self._context.chain.wake()
