"""The claims this drain holds: renewed while they run, settled or released at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobs.core.errors import ProcessorUnavailable
from jobs.core.failpoints import failpoint
from jobs.core.ports.queue import EntryUpdate
from jobs.core.retry import OutcomeUnknown, Retry, decide
from jobs.core.worker.context import GRACE_SECONDS, MARGIN_SECONDS, PREEMPT_CHECK_SECONDS
from jobs.core.worker.executor import Executor
from jobs.core.worker.thread_pool import HeldClaim, ThreadPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.claim import Candidate, Claim, Settlement
    from jobs.core.job_type import JobType
    from jobs.core.retry import Outcome
    from jobs.core.worker.context import DrainContext
    from jobs.core.worker.fallback_queue import FallbackQueue
    from jobs.core.worker.store_retry import StoreRetry

REPORT_SECONDS = 1.0
"""Progress is written this often."""


class Leases:
    """The claims of one drain. Methods that ask the store raise `StoreUnavailable`, and may be
    called again then."""

    def __init__(
        self, context: DrainContext, queue: FallbackQueue, store_retry: StoreRetry
    ) -> None:
        config = context.config
        self._context = context
        self._config = config
        self._queue = queue
        self._store_retry = store_retry
        self._executor = Executor(config.types, config.job_context, config.log)
        self._settlements: list[Settlement] = []
        self._unreleased: list[HeldClaim] = []
        self._renewed = self._reported = 0.0
        self.pool = ThreadPool(
            self._executor.run, config.slots, config.max_held, self._executor.begin
        )
        self.has_overdue = False
        """An attempt runs longer than it may, and only the end of its process can end it."""
        self.out_of_time = False
        """A job was claimed that takes longer than the time left."""
        self.settled_batches = 0

    @property
    def has_unsettled(self) -> bool:
        """A settlement or a release is still to be written to a database that does not answer."""
        return bool(self._settlements or self._unreleased)

    def seconds(self) -> float:
        """Seconds to lease jobs for: at most until `MARGIN_SECONDS` after this invocation."""
        remaining = self._context.invocation.remaining()
        return max(0.1, min(self._config.lease, remaining + MARGIN_SECONDS))

    def holds(self, claim: Claim) -> bool:
        """Whether the outcome of `claim` still counts, though its lease may have ended since."""
        known = [each.claim for each in (*self.pool.held, *self._unreleased)]
        known += [each.claim for each in self._settlements]
        return any(each.id == claim.id and each.token == claim.token for each in known)

    def start(self, claim: Claim, candidate: Candidate, until: float) -> None:
        """Start `claim`, whose lease ends at `until` (monotonic seconds), if it can end in time."""
        job_type = self._job_type(claim.type)
        limit = job_type.max_seconds if job_type else 0.0
        limit = min(limit, claim.timeout or limit)
        held = HeldClaim(claim, candidate, limit, not job_type or job_type.runs_inline, until)
        total = self._context.total_seconds
        if limit + MARGIN_SECONDS > total:
            text = f"{claim.type} may take {limit:g} s, more than a poller's {total:.0f} s"
            self.settle_later(claim, Retry(text))
        elif limit + MARGIN_SECONDS > self._context.invocation.remaining():
            self.out_of_time = True
            self.release_later([held])
        else:
            self.pool.start(held)

    def settle(self) -> None:
        """Settle attempts that ended or take too long; give back claims that were not started."""
        ended = self.pool.ended()
        # After a freeze of this environment they may be another worker's, or still be given back.
        self._unreleased += [held for held in ended if held.started is None]
        for held in ended:
            if held.started is not None:
                self.settle_later(held.claim, held.outcome, held.ended - held.started)
        for held in self.pool.overdue():
            self.has_overdue = self._context.result.must_exit = True
            text = f"ran longer than the {held.max_seconds:g} s that it may take"
            self.settle_later(held.claim, Retry(text), held.max_seconds)
        if self._settlements:
            self._settle()
            self.settled_batches += 1
            self._store_retry.answered()
        self.release()

    def settle_later(self, claim: Claim, outcome: Outcome, seconds: float = 0.0) -> None:
        """Note that an attempt came to `outcome` after `seconds`; `settle` writes it."""
        settlement = decide(claim, outcome)
        self._settlements.append(settlement)
        self._context.result.counts[settlement.outcome] += 1
        self._config.log(
            "attempt.ended",
            job_id=claim.id,
            type=claim.type,
            priority=claim.priority,
            attempt=claim.attempt,
            outcome=settlement.outcome,
            status=settlement.status,
            # Not the error: it quotes the payload. The row has it.
            duration_ms=round(seconds * 1000, 3),
        )

    def renew(self) -> None:
        """Renew the held claims, in the thread that will settle them: no owner, no renewal."""
        held = [*self.pool.held]
        now = time.monotonic()
        if not held:
            self._renewed = now
        if now - self._renewed < self._config.lease / 3:
            return
        lease = self.seconds()
        kept = self._config.store.renew([each.claim for each in held], lease=lease)
        self._renewed = now
        self._store_retry.answered()
        failpoint("renew.after_row")
        self._queue.update_entries(
            [EntryUpdate(h.claim.id, h.claim.priority, lease) for h in held if h.claim.id in kept]
        )
        # An attempt that ended meanwhile is settled as usual, unless another worker has the job.
        for each in held:
            if each.claim.id in kept:
                each.until = now + lease
        lost = [each for each in held if each.claim.id not in kept and not each.ended]
        self.pool.abandon(lost)
        self._executor.cancel(each.claim for each in lost)

    def report(self) -> None:
        """Write the progress that attempts have reported."""
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            return
        if reports := self._executor.progress():
            self._reported = now
            self._config.store.report(reports)

    def release(self, unstarted: Sequence[HeldClaim] = ()) -> None:
        """Give back claims that were not started: the jobs as they were, the attempt not counted.

        Claims that could not be given back are kept for the next call.
        """
        self._unreleased += unstarted
        if not self._unreleased:
            return
        released = self._config.store.release([held.claim for held in self._unreleased])
        failpoint("release.after_row")
        self._context.result.counts["released"] += len(released)
        self._queue.put_back(h.candidate for h in self._unreleased if h.claim.id in released)
        self._unreleased.clear()

    def release_later(self, unstarted: Sequence[HeldClaim]) -> None:
        """As `release`, together with the next."""
        self._unreleased += unstarted

    def cut_off(self) -> None:
        """Give up what still runs: the outcome of these attempts is unknown."""
        for held in self.pool.running:
            self._context.result.must_exit = True
            text = "cut off: the worker was stopped while the attempt ran"
            self.settle_later(held.claim, OutcomeUnknown(text))
        self.pool.drop(self.pool.running)
        self._store_retry.ask(self.settle)

    def close(self) -> None:
        """Give abandoned attempts `GRACE_SECONDS` to stop; if one does not, mark the process for
        exit."""
        invocation, result = self._context.invocation, self._context.result
        until = time.monotonic() + min(GRACE_SECONDS, invocation.remaining() - MARGIN_SECONDS / 2)
        while self.pool.abandoned_running and time.monotonic() < until:
            invocation.alive()
            time.sleep(PREEMPT_CHECK_SECONDS)
        result.must_exit |= self.pool.abandoned_running > 0
        self.pool.close(wait=not result.must_exit)

    def _settle(self) -> None:
        """Write the rows, then update the queue."""
        failpoint("settle.before")
        asked = self._settlements
        settled = self._config.store.settle(asked)
        self._settlements = []
        failpoint("settle.after_row")
        ended = [each for each in asked if each.claim.id in settled.ids]
        self._queue.update_entries(
            [EntryUpdate(each.claim.id, each.claim.priority, each.delay) for each in ended]
        )
        self._queue.publish(settled.outbox_entries)
        failpoint("settle.after_entry")
        for stale in (each for each in asked if each.claim.id not in settled.ids):
            # Its lease ended and another worker has the job: this attempt's outcome is ignored.
            self._context.result.counts["stale"] += 1
            self._config.log("attempt.stale", job_id=stale.claim.id, outcome=stale.outcome)

    def _job_type(self, name: str) -> JobType | None:
        """None for a type without a processor: the executor fails its attempt, and says why."""
        try:
            return self._config.types.get(name)
        except ProcessorUnavailable:
            return None
