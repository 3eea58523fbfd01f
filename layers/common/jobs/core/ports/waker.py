"""What starts a poller."""

from __future__ import annotations

from typing import Protocol


class Waker(Protocol):
    """Starts a poller, without waiting for it. Never raises: the schedule is the safety net."""

    def wake(self, *, hop: int = 0, wait_for_leases: bool = False) -> bool:
        """Ask for a poller, and return whether the request was accepted.

        `hop` counts the pollers that woke each other. `wait_for_leases`: a poller has died, and
        the new one is to wait for the dead one's leases to end.
        """
        ...
