"""When and how a drain ends: it stays while something is due soon, or wakes a successor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobs.core.errors import StoreUnavailable
from jobs.core.failpoints import failpoint
from jobs.core.ports.queue import POLLER_TTL_SECONDS
from jobs.core.worker.context import (
    GRACE_SECONDS,
    IDLE_POLL_SECONDS,
    MARGIN_SECONDS,
    PREEMPT_CHECK_SECONDS,
    wake_successor,
)

if TYPE_CHECKING:
    from jobs.core.worker.context import DrainContext
    from jobs.core.worker.fallback_queue import FallbackQueue
    from jobs.core.worker.leases import Leases
    from jobs.core.worker.store_retry import StoreRetry

MAX_IDLE_WAIT_SECONDS = 65.0
"""A poller waits for jobs due within this time; after it the schedule has sent the next one."""


class Shutdown:
    """Decides when one drain has to end, and leaves nothing behind that no poller takes."""

    def __init__(
        self,
        context: DrainContext,
        queue: FallbackQueue,
        store_retry: StoreRetry,
        leases: Leases,
    ) -> None:
        self._context = context
        self._queue = queue
        self._store_retry = store_retry
        self._leases = leases
        self._began = time.monotonic()
        self._stopped_at: float | None = None
        self._closing = False
        self._left_at: int | None = None

    def must_close(self) -> bool:
        """Whether nothing more may be started."""
        invocation, leases = self._context.invocation, self._leases
        if invocation.stopping() and self._stopped_at is None:
            self._stopped_at = time.monotonic()
        remaining = invocation.remaining()
        self._closing |= (
            self._stopped_at is not None
            or remaining < MARGIN_SECONDS * 2
            or leases.has_overdue
            or leases.out_of_time
            or self._store_retry.exhausted
            # One that still waits for a slot may have too little time left by now.
            or any(held.max_seconds + MARGIN_SECONDS > remaining for held in leases.pool.waiting)
            # Nothing could be started here: another poller can.
            or leases.pool.abandoned_running >= self._context.config.slots
        )
        return self._closing

    def close(self) -> bool:
        """Give back unstarted claims, wait for running attempts; False when all is done."""
        leases = self._leases
        self._store_retry.ask(lambda: leases.release(leases.pool.unstarted()))
        if self._left_at is None:
            # At once: jobs published from now on must not count on this poller.
            self._hand_over()
        if self._time_is_up():
            leases.cut_off()
        elif leases.pool.held or (leases.has_unsettled and not self._store_retry.exhausted):
            leases.pool.work(PREEMPT_CHECK_SECONDS)
            return True
        if self._left_at != leases.settled_batches:
            self._hand_over()
        return False

    def stay(self) -> bool:
        """Leave, unless a job is due soon: then wait for a moment."""
        invocation = self._context.invocation
        if invocation.wait_for_leases and time.monotonic() - self._began < POLLER_TTL_SECONDS:
            # The dead poller still counts as alive: a job published now wakes none.
            time.sleep(IDLE_POLL_SECONDS)
            return True
        failpoint("leave.before")
        max_wait = max(0.0, min(MAX_IDLE_WAIT_SECONDS, invocation.remaining() - MARGIN_SECONDS * 2))
        try:
            answer = self._queue.deregister(max_wait, wait_for_leases=invocation.wait_for_leases)
        except StoreUnavailable:
            return False
        due = answer.next_in
        if answer.left:
            # A poller with more time left would have waited for the job that is due soon.
            longest = min(MAX_IDLE_WAIT_SECONDS, self._context.total_seconds - MARGIN_SECONDS * 2)
            if due is not None and max_wait < due <= longest:
                self._wake_successor()
        elif due and due > 0:
            time.sleep(min(due, IDLE_POLL_SECONDS))
        return not answer.left

    def _time_is_up(self) -> bool:
        """The environment stops, or the invocation has as good as ended."""
        stopped = self._stopped_at and time.monotonic() - self._stopped_at > GRACE_SECONDS
        return bool(stopped) or self._context.invocation.remaining() <= MARGIN_SECONDS / 2

    def _hand_over(self) -> None:
        self._left_at = self._leases.settled_batches
        failpoint("leave.before")
        try:
            answer = self._queue.deregister(-1.0, wait_for_leases=False)
        except StoreUnavailable:
            return
        soon = answer.next_in is not None and answer.next_in < MAX_IDLE_WAIT_SECONDS
        if soon and not self._store_retry.failing:
            self._wake_successor()

    def _wake_successor(self) -> None:
        wake_successor(self._context.config.waker, self._context.invocation.hop + 1)
