"""How many jobs to claim at once: as many as can be started within a moment."""

from __future__ import annotations

from dataclasses import dataclass

MOMENT = 0.05
"""Seconds that what is claimed may wait for its start: what a crash puts at risk, and what a
high job can find in its way."""


@dataclass(slots=True)
class Pace:
    """Follows how long jobs take (seconds, a moving average)."""

    slots: int
    most: int
    seconds: float = MOMENT

    def note(self, seconds: float) -> None:
        """Learn from one attempt."""
        self.seconds += (seconds - self.seconds) / 8

    def room(self, *, running: int, waiting: int) -> int:
        """How many more to claim, with so many held: the free slots, and a moment's work."""
        ahead = int(MOMENT * self.slots / max(self.seconds, 1e-6))
        return max(0, min(self.most, self.slots - running + ahead) - waiting)
