"""The queues in memory."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from jobs.core.model import Hint, Priority
from jobs.core.ports.queue import Leave, Presence, Published, Standing, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from jobs.core.ports.queue import Entry, Move


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

    def publish(self, entries: Sequence[Entry]) -> Published:
        now = self._now()
        new = [entry for entry in entries if entry.id not in self.scores[entry.priority]]
        for entry in new:
            self.scores[entry.priority].setdefault(entry.id, now + entry.delay * 1000)
        wake = self._wake_needed(now)
        soon = any(entry.delay < self._soon for entry in entries)
        if soon and not self._live(now) and self._waking_until <= now:
            self._waking_until = now + self._waking
            wake = True
        return Published(len(new), wake)

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
        hints = [hint for each in priorities for hint in self._ready(each, now)][:limit]
        for hint in hints:
            self.scores[hint.priority][hint.id] = now + lease * 1000
        if limit == 0:
            self._busy[poller] = now + self._registered
        elif len(priorities) == len(Priority):
            self._busy.pop(poller, None)
        return Taken(tuple(hints), self._next_in(now), self._wake_needed(now), self._complete)

    def settle(self, moves: Sequence[Move]) -> None:
        now = self._now()
        for move in moves:
            scores = self.scores[move.priority]
            if move.score is not None:
                scores[move.id] = move.score
            elif move.delay is not None:
                score = now + move.delay * 1000
                if not move.sooner or scores.get(move.id, score) > score:
                    scores[move.id] = score
            else:
                scores.pop(move.id, None)

    def withdraw(self, priority: Priority) -> None:
        for hint in self._ready(priority, self._now()):
            del self.scores[priority][hint.id]

    def leave(self, poller: str, *, horizon: float, patient: bool = False) -> Leave:
        now = self._now()
        next_in = self._next_in(now)
        first = math.inf if next_in is None else next_in
        others = self._live(now) - {poller}
        needed = 0 <= horizon >= first and (first <= 0 or patient or not others)
        if not needed:
            self._pollers.pop(poller, None)
            self._seen = now
            self._busy.pop(poller, None)
            if not others:
                self._waking_until = 0.0
        return Leave(not needed, next_in)

    def standing(self, job_id: UUID, priority: Priority) -> Standing:
        now = self._now()
        ready = [(each, hint.id) for each in Priority for hint in self._ready(each, now)]
        entry = (priority, job_id)
        position = ready.index(entry) + 1 if entry in ready else None
        return Standing(position, len(self._live(now)), self._waking_until > now)

    def presence(self) -> Presence:
        now = self._now()
        pollers = len(self._live(now))
        ago = None if self._seen is None else (now - self._seen) / 1000
        return Presence(pollers, 0.0 if pollers else ago)

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

    def _now(self) -> float:
        if self.fault:
            raise self.fault
        return self._clock() * 1000

    def _ready(self, priority: Priority, now: float) -> list[Hint]:
        scores = sorted(self.scores[priority].items(), key=lambda entry: entry[1])
        return [Hint(job_id, priority, score) for job_id, score in scores if score <= now]

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
