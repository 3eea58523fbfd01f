"""Notice when the clock of the rows has gone back: what it ought to end then lasts too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.core.ports.log import Log
    from jobs.core.ports.store import JobStore

ROUGHLY = 1.0
"""Seconds that a lease may seem longer than it is: it was given while somebody looked."""


def tell_of_long_leases(store: JobStore, longest: float, log: Log) -> None:
    """Note a lease that ends later than `longest` seconds from now, as no worker asks for.

    Nobody ends it: its worker may be alive, and then it has the right length when it is renewed
    next. If it is not, its job waits for as long as the clock went back. Raises `StoreUnavailable`.
    """
    seconds = store.last_lease()
    if seconds is not None and seconds > longest + ROUGHLY:
        log("lease.too_long", level="ERROR", seconds=round(seconds), longest=longest)
