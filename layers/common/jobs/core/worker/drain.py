"""Empty the queues: take, claim, run, settle, until nothing is ready or time is nearly up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jobs.core.reconcile import check_clock, reconcile
from jobs.core.worker.context import IDLE_POLL_SECONDS, PREEMPT_CHECK_SECONDS, DrainContext
from jobs.core.worker.fallback_queue import FallbackQueue
from jobs.core.worker.fetcher import Fetcher
from jobs.core.worker.leases import Leases
from jobs.core.worker.shutdown import Shutdown
from jobs.core.worker.store_retry import StoreRetry

if TYPE_CHECKING:
    from jobs.core.worker.context import DrainResult, Invocation, WorkerConfig


def drain(config: WorkerConfig, invocation: Invocation) -> DrainResult:
    """Run jobs until none is ready, or due soon, or until the time is nearly up.

    Raises nothing on account of a job, the queue or the store.
    """
    return _Drain(DrainContext(config, invocation, invocation.remaining())).run()


class _Drain:
    def __init__(self, context: DrainContext) -> None:
        config, invocation = context.config, context.invocation
        self._context = context
        self._queue = FallbackQueue(
            config.queue,
            config.store,
            invocation.request_id,
            config.log,
            rebuild=partial(reconcile, config.store, config.queue, max_lease=config.lease),
        )
        retry = StoreRetry(config.log, invocation.alive)
        self._ask = retry.ask
        self._leases = Leases(context, self._queue, retry)
        self._fetcher = Fetcher(context, self._queue, retry, self._leases)
        self._shutdown = Shutdown(context, self._queue, retry, self._leases)

    def run(self) -> DrainResult:
        config = self._context.config
        if self._context.invocation.scheduled:
            self._ask(self._queue.reconcile)
            self._ask(partial(check_clock, config.store, config.lease, config.log))
        try:
            while self._step():
                pass
        finally:
            self._leases.close()
        return self._context.result

    def _step(self) -> bool:
        """One round: settle ended attempts, renew held claims, start the next jobs."""
        leases, fetcher = self._leases, self._fetcher
        self._ask(leases.settle)
        self._ask(leases.renew)
        self._ask(leases.report)
        if self._shutdown.must_close():
            fetcher.leave_quarantined()
            return self._shutdown.close()
        self._ask(fetcher.give_way)
        took = self._ask(fetcher.fill)
        if leases.pool.held:
            leases.pool.work(PREEMPT_CHECK_SECONDS if leases.pool.waiting else IDLE_POLL_SECONDS)
            return True
        return took or bool(fetcher.quarantine or leases.has_unsettled) or self._shutdown.stay()
