"""Empty the queues: take, claim, run, settle, until nothing is ready or time is nearly up.

Its parts, each of which knows only those before it: `context` is what they share, `leases` holds
the claims, `fetcher` starts what is next, and `shutdown` says when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.clock import tell_of_long_leases
from jobs.core.context import IDLE_LOOK, LOOK, DrainContext
from jobs.core.fetcher import Fetcher
from jobs.core.leases import Leases
from jobs.core.shutdown import Shutdown

if TYPE_CHECKING:
    from jobs.core.work import Drained, Invocation, Work


def drain(work: Work, invocation: Invocation) -> Drained:
    """Run jobs until none is ready, or due soon, or until the time is nearly up.

    Raises nothing on account of a job, the queue or the store.
    """
    return _Drain(DrainContext.of(work, invocation)).run()


class _Drain:
    def __init__(self, context: DrainContext) -> None:
        self._context = context
        self._ask = context.store_retry.ask
        self._leases = Leases(context)
        self._fetcher = Fetcher(context, self._leases)
        self._shutdown = Shutdown(context, self._leases, self._fetcher)

    def run(self) -> Drained:
        if self._context.call.scheduled:
            self._ask(self._context.hints.reconcile)
            self._ask(self._look_at_the_clock)
        try:
            while self._step():
                pass
        finally:
            self._leases.close()
        return self._context.result

    def _step(self) -> bool:
        """One round: settle what has ended, keep what is held, begin what is next."""
        leases, fetcher = self._leases, self._fetcher
        self._ask(leases.settle)
        self._ask(leases.renew)
        self._ask(leases.report)
        if self._shutdown.must_close():
            return self._shutdown.close()
        self._ask(fetcher.give_way)
        took = self._ask(fetcher.fill)
        if leases.pool:
            leases.pool.work(LOOK if leases.pool.waiting else IDLE_LOOK)
            return True
        return took or bool(fetcher.suspects or leases.owes) or self._shutdown.stay()

    def _look_at_the_clock(self) -> None:
        work = self._context.work
        tell_of_long_leases(work.store, work.lease, work.log)
