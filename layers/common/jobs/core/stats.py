"""Statistics of queues, types and pollers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from jobs.core.model import Priority
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue, Presence
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

WINDOW = 3600.0
"""Seconds back to which attempts are looked at."""

SAMPLE = 10_000
"""Attempts that are looked at: the latest."""


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Open jobs of one queue. `oldest`: seconds the one that is ready for longest has been."""

    priority: Priority
    ready: int = 0
    scheduled: int = 0
    in_flight: int = 0
    oldest: float | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Seconds; None where nothing is known."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class TypeStats:
    """Attempts of one type by what they came to, how long jobs waited and attempts ran."""

    type: str
    completed: int
    failed: int
    cancelled: int
    wait: Percentiles
    run: Percentiles

    @property
    def failure_rate(self) -> float | None:
        """Of those that completed or failed, the part that failed."""
        ended = self.completed + self.failed
        return self.failed / ended if ended else None


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. `presence` is None while the queue does not answer."""

    queues: tuple[QueueStats, ...]
    types: tuple[TypeStats, ...]
    presence: Presence | None


class Stats:
    """Counts."""

    def __init__(self, store: JobStore, queue: JobQueue, waker: Waker, log: Log) -> None:
        self._store = store
        self._queue = queue
        self._waker = waker
        self._log = log

    def __call__(self) -> Overview:
        """How everything stands now. Raises `StoreUnavailable`."""
        with schema_asked_for(self._waker):
            queues = self._store.queue_stats()
            types = self._store.type_stats(window=WINDOW, sample=SAMPLE)
        return Overview(tuple(queues), tuple(types), self._presence())

    def _presence(self) -> Presence | None:
        try:
            return self._queue.presence()
        except Exception as error:  # noqa: BLE001 - the rest is known all the same
            self._log("presence.unknown", level="WARNING", error=str(error))
            return None
