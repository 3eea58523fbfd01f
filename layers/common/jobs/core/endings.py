"""The ends of attempts: collected, then settled together, row first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.faults import point
from jobs.core.ports.queue import Move
from jobs.core.retry import decide

if TYPE_CHECKING:
    from collections import Counter

    from jobs.core.hints import Hints
    from jobs.core.model import Claim
    from jobs.core.outcome import Outcome
    from jobs.core.ports.log import Log
    from jobs.core.ports.store import JobStore
    from jobs.core.retry import Settlement


class Endings:
    """Settles what has ended; what could not be settled is kept and asked again."""

    def __init__(self, store: JobStore, hints: Hints, log: Log, counts: Counter[str]) -> None:
        self._store = store
        self._hints = hints
        self._log = log
        self._counts = counts
        self._unsettled: list[Settlement] = []

    def __bool__(self) -> bool:
        return bool(self._unsettled)

    def holds(self, claim: Claim) -> bool:
        """Whether the end of `claim` is known and could not be settled yet."""
        return any(each.id == claim.id and each.token == claim.token for each in self._unsettled)

    def add(self, claim: Claim, outcome: Outcome, seconds: float = 0.0) -> None:
        """Note that an attempt came to `outcome` after `seconds`."""
        settlement = decide(claim, outcome)
        self._unsettled.append(settlement)
        self._counts[settlement.outcome] += 1
        self._log(
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

    def settle(self) -> None:
        """Record in the rows what was noted, then tell the queue. Raises `StoreUnavailable`."""
        if not self._unsettled:
            return
        point("settle.before")
        asked = self._unsettled
        settled = self._store.settle(asked)
        self._unsettled = []
        point("settle.after_row")
        self._hints.settle([Move(s.id, s.priority, s.delay) for s in asked if s.id in settled])
        self._hints.publish(settled.born)
        point("settle.after_entry")
        for stale in (s for s in asked if s.id not in settled):
            # Its lease ended and somebody else has the job: what this attempt says is void.
            self._counts["stale"] += 1
            self._log("attempt.stale", job_id=stale.id, outcome=stale.outcome)
