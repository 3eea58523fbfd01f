"""A clock that moves when it is told to."""

from __future__ import annotations


class FakeClock:
    """Seconds since the epoch; any will do to begin with."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
