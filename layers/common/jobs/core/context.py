"""What the parts of one drain share, and how often they look at what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.chain import Chain
from jobs.core.hints import Hints
from jobs.core.ports.queue import Move
from jobs.core.store_retry import StoreRetry
from jobs.core.work import MARGIN, Drained

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobs.core.model import Hint
    from jobs.core.work import Invocation, Work

LOOK = 0.01
"""Seconds between two looks for a high job while claimed default ones wait."""

IDLE_LOOK = 0.02
"""Seconds between two looks of a poller that has room, or waits for what is due soon."""

GRACE = 1.5
"""Seconds that running attempts are given when they are to stop."""


@dataclass(frozen=True, slots=True)
class DrainContext:
    """One invocation of a poller. `whole`: seconds that it had at first."""

    work: Work
    call: Invocation
    whole: float
    hints: Hints
    store_retry: StoreRetry
    chain: Chain
    result: Drained

    @classmethod
    def of(cls, work: Work, call: Invocation) -> DrainContext:
        return cls(
            work,
            call,
            call.remaining(),
            Hints(work.queue, work.store, call.request_id, work.log),
            StoreRetry(work.log, call.alive),
            Chain(work.waker, call.hop),
            Drained(),
        )

    def lease(self) -> float:
        """Seconds to lease jobs for: until `MARGIN` after this invocation, at the latest."""
        return max(0.1, min(self.work.lease, self.call.remaining() + MARGIN))

    def give_back(self, hints: Iterable[Hint]) -> None:
        """Put entries that were taken and are not claimed back in their places."""
        self.hints.settle([Move(h.id, h.priority, score=h.score) for h in hints])
