"""A job queue under test, and what tests do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.claim import Entry
from jobs.core.job import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.queue import JobQueue, Published, Taken

LEASE = 30.0
"""Seconds; far more than a test takes, so that nothing but `advance` ends a lease."""

POLLERS, SHARE = 2, 3
"""The limits of the queues under test: pollers at most, and ready entries one is enough for."""

REGISTERED, WAKING = 20.0, 25.0
"""Seconds for which a poller, and a wake under way, are believed in."""


@dataclass(frozen=True)
class Queues:
    """A queue, the way to let seconds go by for it, and the way to make it lose its memory."""

    queue: JobQueue
    advance: Callable[[float], None]
    flush: Callable[[], object]

    def publish(
        self, count: int = 1, priority: Priority = Priority.DEFAULT, delay: float = 0.0
    ) -> list[UUID]:
        """Publish new entries in one call."""
        ids = [uuid4() for _ in range(count)]
        self.queue.publish([Entry(job_id, priority, delay) for job_id in ids])
        return ids

    def publish_again(self, job_id: UUID, delay: float = 0.0) -> Published:
        return self.queue.publish([Entry(job_id, Priority.DEFAULT, delay)])

    def take(
        self,
        limit: int = 100,
        poller: str = "poller",
        priorities: tuple[Priority, ...] = tuple(Priority),
    ) -> Taken:
        return self.queue.take(poller, limit=limit, lease=LEASE, priorities=priorities)

    def taken(self, limit: int = 100) -> list[UUID]:
        return [hint.id for hint in self.take(limit).candidates]
