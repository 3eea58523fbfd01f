"""The requests that wait, in memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FakePollSlots:
    """`PollSlots` in a dictionary, on `clock` (seconds). `fault` is raised if set."""

    def __init__(self, clock: Callable[[], float] = time.time, *, most: int = 8) -> None:
        self.fault: Exception | None = None
        self.most = most
        self.taken: dict[str, float] = {}
        self._clock = clock

    def take(self, slot: str, seconds: float) -> bool:
        now = self._now()
        self.taken = {name: until for name, until in self.taken.items() if until > now}
        if slot not in self.taken and len(self.taken) >= self.most:
            return False
        self.taken[slot] = now + seconds
        return True

    def release(self, slot: str) -> None:
        self._now()
        self.taken.pop(slot, None)

    def _now(self) -> float:
        if self.fault:
            raise self.fault
        return self._clock()
