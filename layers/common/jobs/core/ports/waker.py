"""What starts a poller."""

from __future__ import annotations

from typing import Protocol


class Waker(Protocol):
    """Starts a poller, without waiting for it. Never raises: the schedule is the safety net."""

    def wake(self, *, hop: int = 0, patient: bool = False) -> bool:
        """Ask for a poller, and return whether it could be asked for.

        `hop` counts the pollers that woke each other. `patient`: one has died, so that its
        leases are to be waited for.
        """
        ...
