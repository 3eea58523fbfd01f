"""Statistics of queues, types and pollers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.core.best_effort import BestEffortQueue
    from jobs.core.ports.queue import PollerStatus
    from jobs.core.ports.store import JobStore, QueueStats, TypeStats

WINDOW_SECONDS = 3600.0
"""Attempts that ended earlier are not counted."""

MAX_SAMPLE_ATTEMPTS = 10_000
"""The latest attempts are counted, so many at most."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The statistics. `pollers` is None while the queue does not answer."""

    queues: tuple[QueueStats, ...]
    types: tuple[TypeStats, ...]
    pollers: PollerStatus | None


class Stats:
    """Counts jobs, attempts and pollers."""

    def __init__(self, *, store: JobStore, queue: BestEffortQueue) -> None:
        self._store = store
        self._queue = queue

    def __call__(self) -> Overview:
        """The statistics of this moment. Raises `StoreUnavailable`."""
        queues = self._store.queue_stats()
        types = self._store.type_stats(window=WINDOW_SECONDS, sample=MAX_SAMPLE_ATTEMPTS)
        return Overview(tuple(queues), tuple(types), self._queue.pollers())
