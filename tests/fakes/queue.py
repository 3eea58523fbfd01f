"""The queues in memory."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from jobs.core.claim import Candidate
from jobs.core.job import Priority
from jobs.core.ports.queue import LeaveResult, PollerStatus, Published, QueuePosition, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from jobs.core.claim import Entry
    from jobs.core.ports.queue import EntryUpdate


class FakeQueue:
    """`JobQueue` in a dictionary; times are ms of `clock` (seconds). `fault` is raised if set."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        pollers: int = 4,
        share: int = 100,
        registered: float = 3.0,
        waking: float = 5.0,
        soon: float = 60.0,
    ) -> None:
        self.fault: Exception | None = None
        self.scores: dict[Priority, dict[UUID, float]] = {each: {} for each in Priority}
        self._clock = clock
        self._most = pollers
        self._share = share
        self._registered = registered * 1000
        self._waking = waking * 1000
        self._soon = soon
        self._pollers: dict[str, float] = {}
        self._busy: dict[str, float] = {}
        self._waking_until = 0.0
        self._seen: float | None = None
        self._complete = False
        self._misconfigured: dict[str, tuple[str, ...]] = {}

    def publish(self, entries: Sequence[Entry], *, tolerance: float | None = None) -> Published:
        now = self._now()
        moved = self._hasten(entries, now, math.inf if tolerance is None else tolerance * 1000)
        new = [entry for entry in entries if entry.id not in self.scores[entry.priority]]
        for entry in new:
            self.scores[entry.priority].setdefault(entry.id, now + entry.delay * 1000)
        wake = self._wake_needed(now)
        soon = any(entry.delay < self._soon for entry in entries)
        if soon and not self._live(now) and self._waking_until <= now:
            self._waking_until = now + self._waking
            wake = True
        return Published(len(new), wake, moved)

    def _hasten(self, entries: Sequence[Entry], now: float, tolerance: float) -> int:
        late = [
            entry
            for entry in entries
            if self.scores[entry.priority].get(entry.id, 0.0)
            > now + max(0.0, entry.delay * 1000) + tolerance
        ]
        for entry in late:
            self.scores[entry.priority][entry.id] = now + entry.delay * 1000
        return len(late)

    def take(
        self,
        poller: str,
        *,
        limit: int,
        lease: float,
        priorities: Sequence[Priority] = tuple(Priority),
    ) -> Taken:
        now = self._now()
        if poller not in self._live(now):
            self._waking_until = 0.0
        self._pollers[poller] = now + self._registered
        candidates = [each for priority in priorities for each in self._ready(priority, now)][
            :limit
        ]
        for each in candidates:
            self.scores[each.priority][each.id] = now + lease * 1000
        if limit == 0:
            self._busy[poller] = now + self._registered
        elif len(priorities) == len(Priority):
            self._busy.pop(poller, None)
        return Taken(tuple(candidates), self._next_in(now), self._wake_needed(now), self._complete)

    def update_entries(self, updates: Sequence[EntryUpdate]) -> None:
        now = self._now()
        for update in updates:
            scores = self.scores[update.priority]
            if update.score is not None:
                scores[update.id] = update.score
            elif update.delay is not None:
                score = now + update.delay * 1000
                if not update.sooner or scores.get(update.id, score) > score:
                    scores[update.id] = score
            else:
                scores.pop(update.id, None)

    def remove_ready(self, priority: Priority) -> None:
        for each in self._ready(priority, self._now()):
            del self.scores[priority][each.id]

    def deregister(
        self, poller: str, *, max_wait: float, wait_for_leases: bool = False
    ) -> LeaveResult:
        now = self._now()
        next_in = self._next_in(now)
        first = math.inf if next_in is None else next_in
        others = self._live(now) - {poller}
        needed = 0 <= max_wait >= first and (first <= 0 or wait_for_leases or not others)
        if not needed:
            self._pollers.pop(poller, None)
            self._seen = now
            self._busy.pop(poller, None)
            if not others:
                self._waking_until = 0.0
        return LeaveResult(not needed, next_in)

    def position(self, job_id: UUID, priority: Priority) -> QueuePosition:
        now = self._now()
        ready = [(each, entry.id) for each in Priority for entry in self._ready(each, now)]
        entry = (priority, job_id)
        position = ready.index(entry) + 1 if entry in ready else None
        return QueuePosition(position, len(self._live(now)), self._waking_until > now)

    def pollers(self) -> PollerStatus:
        now = self._now()
        pollers = len(self._live(now))
        ago = None if self._seen is None else (now - self._seen) / 1000
        return PollerStatus(pollers, 0.0 if pollers else ago, self._misconfigured)

    def report_misconfigured(self, parts: Mapping[str, Sequence[str]]) -> None:
        self._now()
        self._misconfigured = {part: tuple(names) for part, names in parts.items()}

    def mark_complete(self) -> None:
        self._now()
        self._complete = True

    def mark_incomplete(self) -> None:
        self._now()
        self._complete = False

    def ping(self) -> None:
        self._now()

    def flush(self) -> None:
        """Forget everything, as Redis does when it is flushed."""
        self.scores = {each: {} for each in Priority}
        self._pollers, self._busy = {}, {}
        self._waking_until = 0.0
        self._seen = None
        self._complete = False
        self._misconfigured = {}

    def _now(self) -> float:
        if self.fault:
            raise self.fault
        return self._clock() * 1000

    def _ready(self, priority: Priority, now: float) -> list[Candidate]:
        scores = sorted(self.scores[priority].items(), key=lambda entry: entry[1])
        return [Candidate(job_id, priority, score) for job_id, score in scores if score <= now]

    def _next_in(self, now: float) -> float | None:
        scores = [score for queue in self.scores.values() for score in queue.values()]
        return (min(scores) - now) / 1000 if scores else None

    def _live(self, now: float) -> set[str]:
        return {poller for poller, until in self._pollers.items() if until > now}

    def _wake_needed(self, now: float) -> bool:
        live = self._live(now)
        free = live - {poller for poller, until in self._busy.items() if until > now}
        ready = sum(len(self._ready(priority, now)) for priority in Priority)
        enough = len(free) * self._share
        if len(live) >= self._most or ready <= enough or self._waking_until > now:
            return False
        self._waking_until = now + self._waking
        return True
