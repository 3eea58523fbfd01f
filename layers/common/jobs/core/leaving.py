"""How a drain ends: it stays while something is due soon, or closes and asks another to go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobs.core.errors import StoreUnavailable
from jobs.core.faults import point
from jobs.core.ports.queue import BELIEVED
from jobs.core.shift import GRACE, IDLE_LOOK, LOOK
from jobs.core.work import MARGIN

if TYPE_CHECKING:
    from jobs.core.intake import Intake
    from jobs.core.keep import Keep
    from jobs.core.shift import Shift

HORIZON = 65.0
"""Seconds a poller waits for what is due soon: by then the schedule has sent the next one."""


class Leaving:
    """Judges when one drain has to end, and sees to it that nothing is forgotten."""

    def __init__(self, shift: Shift, keep: Keep, intake: Intake) -> None:
        self._shift = shift
        self._keep = keep
        self._intake = intake
        self._began = time.monotonic()
        self._stopped_at: float | None = None
        self._closing = False
        self._left_at: int | None = None

    def must_close(self) -> bool:
        """Nothing more may be begun."""
        call, hand = self._shift.call, self._keep.hand
        if call.stopping() and self._stopped_at is None:
            self._stopped_at = time.monotonic()
        remaining = call.remaining()
        self._closing |= (
            self._stopped_at is not None
            or remaining < MARGIN * 2
            or self._keep.hangs
            or self._intake.too_late
            or self._shift.patience.over
            # One that still waits for a slot may have too little time left by now.
            or any(held.budget + MARGIN > remaining for held in hand.waiting)
            # Nothing could be started: another poller can.
            or self._keep.void_running >= self._shift.work.slots
        )
        return self._closing

    def close(self) -> bool:
        """Give back what was not started, wait for what runs; False when all is done."""
        shift, keep = self._shift, self._keep
        shift.patience.ask(lambda: keep.release(keep.hand.unstarted()))
        shift.give_back(self._intake.suspects.clear())
        if self._left_at is None:
            # At once: what is published from now on must not count on this poller.
            self._hand_over()
        if self._time_is_up():
            keep.cut_off()
        elif keep.hand or (keep.owes and not shift.patience.over):
            keep.hand.work(LOOK)
            return True
        if self._left_at != keep.settlements:
            self._hand_over()
        return False

    def stay(self) -> bool:
        """Leave if nothing is to be waited for; if something is, wait for a moment."""
        call = self._shift.call
        if call.patient and time.monotonic() - self._began < BELIEVED:
            # The dead one is still believed to be there: what is published now wakes nobody.
            time.sleep(IDLE_LOOK)
            return True
        point("leave.before")
        horizon = max(0.0, min(HORIZON, call.remaining() - MARGIN * 2))
        try:
            answer = self._shift.hints.leave(horizon, patient=call.patient)
        except StoreUnavailable:
            return False
        due = answer.next_in
        if answer.left:
            # A poller with more time left would have waited for what is due soon.
            most = min(HORIZON, self._shift.whole - MARGIN * 2)
            if due is not None and horizon < due <= most:
                self._shift.chain.wake()
        elif due and due > 0:
            time.sleep(min(due, IDLE_LOOK))
        return not answer.left

    def _time_is_up(self) -> bool:
        """The environment stops, or the invocation has as good as ended."""
        stopped = self._stopped_at and time.monotonic() - self._stopped_at > GRACE
        return bool(stopped) or self._shift.call.remaining() <= MARGIN / 2

    def _hand_over(self) -> None:
        self._left_at = self._keep.settlements
        point("leave.before")
        try:
            answer = self._shift.hints.leave(-1.0, patient=False)
        except StoreUnavailable:
            return
        soon = answer.next_in is not None and answer.next_in < HORIZON
        if soon and not self._shift.patience.tried:
            self._shift.chain.wake()
