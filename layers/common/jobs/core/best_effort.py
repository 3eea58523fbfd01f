"""The one answer to "the queue does not answer": log it, and go on without.

The rows are the truth, so whatever the queue missed is mended from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from jobs.core.errors import StoreUnavailable
from jobs.core.ports.queue import Published

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from jobs.core.claim import Entry
    from jobs.core.job import Priority
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import EntryUpdate, JobQueue, PollerStatus, QueuePosition

Answer = TypeVar("Answer")


class BestEffortQueue:
    """A `JobQueue` that raises nothing when it does not answer."""

    def __init__(self, queue: JobQueue, log: Log) -> None:
        self._queue = queue
        self._log = log

    def publish(self, entries: Sequence[Entry]) -> Published:
        """As `JobQueue.publish`. Without an answer the caller must wake a poller: whether one is
        running is unknown then."""
        published = self.ask(self._queue.publish, entries, event="queue.update_skipped")
        return published or Published(0, wake=True)

    def update_entries(self, updates: Sequence[EntryUpdate]) -> None:
        """As `JobQueue.update_entries`."""
        self.ask(self._queue.update_entries, updates, event="queue.update_skipped")

    def remove_ready(self, priority: Priority) -> None:
        """As `JobQueue.remove_ready`."""
        self.ask(self._queue.remove_ready, priority, event="queue.update_skipped")

    def position(self, job_id: UUID, priority: Priority) -> QueuePosition | None:
        """As `JobQueue.position`; None without an answer."""
        return self.ask(self._queue.position, job_id, priority)

    def pollers(self) -> PollerStatus | None:
        """As `JobQueue.pollers`; None without an answer."""
        return self.ask(self._queue.pollers)

    def report_misconfigured(self, parts: Mapping[str, Sequence[str]]) -> None:
        """As `JobQueue.report_misconfigured`."""
        self.ask(self._queue.report_misconfigured, parts)

    def ask(
        self,
        question: Callable[..., Answer],
        *arguments: object,
        event: str = "queue.unavailable",
    ) -> Answer | None:
        """The answer to `question`, which asks the queue; None, and a line in the log, without.

        Raises `StoreUnavailable` where the question asks the rows too.
        """
        try:
            return question(*arguments)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a client library raises
            self._log(event, level="WARNING", error=str(error))
            return None
