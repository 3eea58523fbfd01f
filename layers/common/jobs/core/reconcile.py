"""Mend the queues from the rows: what a crash or a flush of Redis took out is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.faults import point

if TYPE_CHECKING:
    from jobs.core.ports.queue import JobQueue, Published
    from jobs.core.ports.store import JobStore

BATCH = 2_000
"""Rows looked at in one go, for each priority: what is due first comes first, so that repeating
it reaches every row however many there are."""


def reconcile(store: JobStore, queue: JobQueue, batch: int = BATCH) -> Published:
    """Publish the first open rows again, `batch` for each priority; say how many of them the queues
    had lost.

    Publishing again does nothing to an entry that is there. Bounded, and safe to run in several
    places at once. Raises `StoreUnavailable`, `QueueUnavailable`.
    """
    entries = store.open_entries(batch)
    point("reconcile.before_publish")
    published = queue.publish(entries)
    point("reconcile.after_publish")
    if len(entries) < batch:
        queue.mark_complete()
    elif published.added:
        # Where some were missing more may be, beyond those that were looked at.
        queue.mark_incomplete()
    return published
