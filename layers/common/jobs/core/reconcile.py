"""Mend the queues from the rows, and check the clock that judges the leases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.failpoints import failpoint

if TYPE_CHECKING:
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue, Published
    from jobs.core.ports.store import JobStore

BATCH_ROWS = 2_000
"""Rows published in one call, for each priority: the first due come first, so that repeated calls
reach every row."""

LEASE_TOLERANCE_SECONDS = 1.0
"""A lease may seem longer by so much: it was given while this was asked."""


def reconcile(
    store: JobStore, queue: JobQueue, batch: int | None = None, *, max_lease: float | None = None
) -> Published:
    """Publish the first open rows again, `batch` for each priority; say how many the queues lacked.

    An entry that exists stays as it is, unless it is later than its row by more than `max_lease`,
    the seconds for which a worker may just have taken it. Bounded, and safe to run in several
    places at once. Raises `StoreUnavailable`, `QueueUnavailable`.
    """
    # Read here, and not bound as a default: tests set it.
    batch = batch or BATCH_ROWS
    entries = store.open_entries(batch)
    failpoint("reconcile.before_publish")
    tolerance = None if max_lease is None else max_lease + LEASE_TOLERANCE_SECONDS
    published = queue.publish(entries, tolerance=tolerance)
    failpoint("reconcile.after_publish")
    if len(entries) < batch:
        queue.mark_complete()
    elif published.added:
        # Where some were missing more may be, beyond those that were looked at.
        queue.mark_incomplete()
    return published


def check_clock(store: JobStore, max_lease: float, log: Log) -> None:
    """Log a lease that ends later than `max_lease` seconds from now: no worker asks for one.

    It means that the database clock jumped back, so that leases last too long. The lease is left
    alone: its worker may be alive, and the next renewal gives it the right length. If the worker
    is dead, the job waits for as long as the clock jumped. Raises `StoreUnavailable`.
    """
    seconds = store.last_lease()
    if seconds is not None and seconds > max_lease + LEASE_TOLERANCE_SECONDS:
        log("lease.too_long", level="ERROR", seconds=round(seconds), longest=max_lease)
