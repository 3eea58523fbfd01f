"""Take candidates, claim their jobs and start them, high before default."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.claim import Claim
from jobs.core.errors import StoreUnavailable
from jobs.core.failpoints import failpoint
from jobs.core.job import Priority
from jobs.core.ports.queue import EntryUpdate
from jobs.core.retry import WorkerLost
from jobs.core.worker.context import IDLE_POLL_SECONDS, PREEMPT_CHECK_SECONDS, wake_successor
from jobs.core.worker.thread_pool import HeldClaim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jobs.core.claim import Candidate, ClaimResult
    from jobs.core.ports.queue import Taken
    from jobs.core.worker.context import DrainContext
    from jobs.core.worker.fallback_queue import FallbackQueue
    from jobs.core.worker.leases import Leases
    from jobs.core.worker.store_retry import StoreRetry

BUSY_HEARTBEAT_SECONDS = 0.25
"""A poller without room tells the queue this often that it has none, and that it is alive."""


class Quarantine:
    """Jobs that lost a lease before: each is run alone, in turn with other work.

    One of them may be what kills the worker, so nothing runs beside it; and it may be what kills
    every worker, so the other jobs must have their turn between its attempts.
    """

    def __init__(self) -> None:
        self._candidates: dict[UUID, Candidate] = {}
        self._other_claimed = False

    def __bool__(self) -> bool:
        return bool(self._candidates)

    def add(self, candidates: Iterable[Candidate]) -> None:
        self._candidates.update((each.id, each) for each in candidates)

    def note_other_claim(self) -> None:
        """Note that other work was claimed: it is the turn of a quarantined job now."""
        self._other_claimed = True

    def claimable_priorities(self) -> Sequence[Priority]:
        """The priorities to take now; on a quarantined job's turn, only the more urgent ones."""
        if not (self._candidates and self._other_claimed):
            return tuple(Priority)
        return [each for each in Priority if each.rank < self._first().priority.rank]

    def pop(self) -> Candidate:
        """The first of them, to be claimed alone."""
        self._other_claimed = False
        return self._candidates.pop(self._first().id)

    def clear(self) -> list[Candidate]:
        """Let go of all of them, and return them."""
        candidates = [*self._candidates.values()]
        self._candidates.clear()
        return candidates

    def _first(self) -> Candidate:
        return min(self._candidates.values(), key=lambda each: (each.priority.rank, each.score))


class Fetcher:
    """Fills the pool of one drain. Methods that ask the store raise `StoreUnavailable`."""

    def __init__(
        self,
        context: DrainContext,
        queue: FallbackQueue,
        store_retry: StoreRetry,
        leases: Leases,
    ) -> None:
        self._context = context
        self._config = context.config
        self._queue = queue
        self._store_retry = store_retry
        self._leases = leases
        self._pool = leases.pool
        self._alone = False
        self._looked = self._asked = self._took = 0.0
        self.quarantine = Quarantine()

    def give_way(self) -> None:
        """Before a default job is started, a high one that has become ready goes first."""
        now = time.monotonic()
        waiting = any(h.claim.priority is not Priority.HIGH for h in self._pool.waiting)
        if self._holds_one_alone or not waiting or now - self._looked < PREEMPT_CHECK_SECONDS:
            return
        self._looked = now
        taken = self._take(self._config.slots, (Priority.HIGH,))
        if taken.candidates:
            self._claim(self._put_first(taken.candidates))

    def fill(self) -> bool:
        """Take and claim as much as there is room for; whether it brought something."""
        alone = self._holds_one_alone
        took = self._take_more([] if alone else self.quarantine.claimable_priorities())
        if not took and not self._pool.held and self.quarantine:
            if self._pool.abandoned_running:
                # An abandoned attempt may kill the worker all the same.
                time.sleep(IDLE_POLL_SECONDS)
                return True
            self._claim([self.quarantine.pop()], alone=True)
            return True
        return took

    def leave_quarantined(self) -> None:
        """Give quarantined jobs back to the queue."""
        self._queue.put_back(self.quarantine.clear())

    @property
    def _holds_one_alone(self) -> bool:
        return self._alone and bool(self._pool.held)

    def _take(self, limit: int, priorities: Sequence[Priority] = tuple(Priority)) -> Taken:
        """Take candidates, and wake another poller if one is needed. A `limit` of 0 tells the
        queue that this poller has no room."""
        taken = self._queue.take(limit, self._leases.seconds(), priorities)
        if len(priorities) == len(Priority):
            self._asked = time.monotonic()
        if taken.wake:
            wake_successor(self._config.waker, self._context.invocation.hop + 1)
        return taken

    def _take_more(self, priorities: Sequence[Priority]) -> bool:
        limit = self._pool.claim_batch_size()
        now = time.monotonic()
        full = not limit or len(priorities) < len(Priority)
        if full and self._pool.held and now - self._asked > BUSY_HEARTBEAT_SECONDS:
            self._take(0)
        if not limit or not priorities or limit * 2 < len(self._pool.waiting):
            return False
        if self._pool.held and now - self._took < IDLE_POLL_SECONDS:
            return False
        taken = self._take(limit, priorities)
        if len(taken.candidates) < limit:
            self._took = now
        if taken.candidates:
            failpoint("take.after")
            self._claim(self._put_first(taken.candidates))
        return bool(taken.candidates)

    def _put_first(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Let high jobs pass the claimed default ones that wait; return the candidates to claim.

        The default ones go back, and so do those that were taken with the high ones: they are
        taken again in their order.
        """
        high = [each for each in candidates if each.priority is Priority.HIGH]
        passed = self._pool.unstarted(Priority.DEFAULT) if high else []
        if not passed:
            return candidates
        self._store_retry.ask(lambda: self._leases.release(passed))
        self._queue.put_back(each for each in candidates if each.priority is not Priority.HIGH)
        return high

    def _claim(self, candidates: Sequence[Candidate], *, alone: bool = False) -> None:
        token, lease = uuid4(), self._leases.seconds()
        until = time.monotonic() + lease
        request_id = self._context.invocation.request_id
        try:
            result = self._config.store.claim(
                candidates, token, lease=lease, request_id=request_id, alone=alone
            )
        except StoreUnavailable:
            # The claim may have been made all the same: a job that is claimed and never runs would
            # lose an attempt, and look as if it had killed its worker.
            self._leases.release_later([_unanswered(each, token) for each in candidates])
            self._queue.put_back(candidates)
            raise
        failpoint("claim.after")
        self._store_retry.answered()
        if not alone:
            self.quarantine.note_other_claim()
        self._alone = alone
        self._begin(result, {each.id: each for each in candidates}, until)

    def _begin(
        self, result: ClaimResult, candidates: Mapping[UUID, Candidate], until: float
    ) -> None:
        self.quarantine.add(candidates[job_id] for job_id in result.quarantined)
        self._queue.update_entries(
            [EntryUpdate(n.id, n.priority, n.delay, sooner=n.held) for n in result.not_claimed]
        )
        for claim in result.lost:
            if not self._leases.holds(claim):
                self._leases.settle_later(claim, WorkerLost())
        for claim in result.claims:
            self._leases.start(claim, candidates[claim.id], until)
        self._leases.release()
        self._queue.drop_paused([candidates[job_id] for job_id in result.paused])


def _unanswered(candidate: Candidate, token: UUID) -> HeldClaim:
    """A claim that may or may not have been made: as much of it as giving it back takes."""
    claim: Claim = Claim(candidate.id, "", candidate.priority, {}, 0, 0, token)
    return HeldClaim(claim, candidate, max_seconds=0.0, runs_inline=True)
