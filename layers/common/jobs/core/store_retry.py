"""Ask the store again while it does not answer, and give up in time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.log import Log

GIVE_UP_AFTER = 15.0
"""Seconds a poller keeps asking."""

PAUSE = 0.2
"""Seconds between two questions."""


@dataclass(slots=True)
class StoreRetry:
    """Takes steps that ask the store, and knows since when it has not answered.

    `alive` is called before each step, and after one that got no answer: a poller that waits for
    the store is not to be taken for one that hangs.
    """

    log: Log
    alive: Callable[[], object]
    _failing_since: float | None = None
    _exhausted: bool = False

    def ask(self, step: Callable[[], object]) -> bool:
        """Take `step`, which asks the store; whether anything came of it, or no answer came."""
        self.alive()
        try:
            return bool(step())
        except StoreUnavailable as error:
            now = time.monotonic()
            self._failing_since = self._failing_since or now
            self._exhausted |= now - self._failing_since > GIVE_UP_AFTER
            self.log("store.away", error=str(error))
            time.sleep(PAUSE)
            self.alive()
            return True

    def answered(self) -> None:
        """Note that the store has answered."""
        self._failing_since = None

    @property
    def failing(self) -> bool:
        """The store did not answer, and has not since."""
        return self._failing_since is not None

    @property
    def exhausted(self) -> bool:
        """It has failed for too long, even if it answers by now."""
        return self._exhausted
