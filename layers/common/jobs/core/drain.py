"""Empty the queues: take, claim, run, settle, until nothing is ready or time is nearly up.

Its parts, each of which knows only those before it: `shift` is what they share, `keep` holds the
claims, `intake` begins what is next, and `leaving` says when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.clock import tell_of_long_leases
from jobs.core.intake import Intake
from jobs.core.keep import Keep
from jobs.core.leaving import Leaving
from jobs.core.shift import IDLE_LOOK, LOOK, Shift

if TYPE_CHECKING:
    from jobs.core.work import Drained, Invocation, Work


def drain(work: Work, invocation: Invocation) -> Drained:
    """Run jobs until none is ready, or due soon, or until the time is nearly up.

    Raises nothing on account of a job, the queue or the store.
    """
    return _Drain(Shift.of(work, invocation)).run()


class _Drain:
    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        self._ask = shift.patience.ask
        self._keep = Keep(shift)
        self._intake = Intake(shift, self._keep)
        self._leaving = Leaving(shift, self._keep, self._intake)

    def run(self) -> Drained:
        if self._shift.call.scheduled:
            self._ask(self._shift.hints.reconcile)
            self._ask(self._look_at_the_clock)
        try:
            while self._step():
                pass
        finally:
            self._keep.close()
        return self._shift.result

    def _step(self) -> bool:
        """One round: settle what has ended, keep what is held, begin what is next."""
        keep, intake = self._keep, self._intake
        self._ask(keep.settle)
        self._ask(keep.renew)
        self._ask(keep.report)
        if self._leaving.must_close():
            return self._leaving.close()
        self._ask(intake.give_way)
        took = self._ask(intake.fill)
        if keep.hand:
            keep.hand.work(LOOK if keep.hand.waiting else IDLE_LOOK)
            return True
        return took or bool(intake.suspects or keep.owes) or self._leaving.stay()

    def _look_at_the_clock(self) -> None:
        work = self._shift.work
        tell_of_long_leases(work.store, work.lease, work.log)
