"""Ask the store again while it does not answer, and give up in time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.log import Log

GIVE_UP_SECONDS = 15.0
"""A poller keeps asking for so long."""

PAUSE_SECONDS = 0.2
"""Time between two tries."""


@dataclass(slots=True)
class StoreRetry:
    """Runs steps that ask the store, and knows since when it has not answered.

    `alive` is called before each step, and after one without an answer: a poller that waits for
    the store must not look like one that hangs.
    """

    log: Log
    alive: Callable[[], object]
    exhausted: bool = False
    """The store has failed for too long, even if it answers by now."""
    _failing_since: float | None = None

    def ask(self, step: Callable[[], object]) -> bool:
        """Run `step`, which asks the store; whether it brought something, or got no answer."""
        self.alive()
        try:
            return bool(step())
        except StoreUnavailable as error:
            now = time.monotonic()
            self._failing_since = self._failing_since or now
            self.exhausted |= now - self._failing_since > GIVE_UP_SECONDS
            self.log("store.unavailable", error=str(error))
            time.sleep(PAUSE_SECONDS)
            self.alive()
            return True

    def answered(self) -> None:
        """Note that the store has answered."""
        self._failing_since = None

    @property
    def failing(self) -> bool:
        """The latest question to the store got no answer."""
        return self._failing_since is not None
