"""Pollers that wake each other, in chains that end: AWS cuts one off at about sixteen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.core.ports.waker import Waker

MOST_HOPS = 10
"""Pollers that may wake each other in a row."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain that a poller is in; `hop` pollers of it came before."""

    waker: Waker
    hop: int

    def wake(self) -> None:
        """Wake another poller, unless the chain is at its end; the schedule begins the next."""
        if self.hop < MOST_HOPS:
            self.waker.wake(hop=self.hop + 1)


def succeed(waker: Waker, hop: int) -> bool:
    """Wake a poller in place of one that died, to wait for its leases; whether that was done.

    A poller that dies whenever it is called would be replaced for ever: this chain ends as any
    other does.
    """
    return hop <= MOST_HOPS and waker.wake(hop=hop, patient=True)
