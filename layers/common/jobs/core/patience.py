"""How long a poller bears with a database that does not answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.log import Log

PATIENCE = 15.0
"""Seconds a poller keeps asking."""

BETWEEN = 0.2
"""Seconds between two questions that are not answered."""


@dataclass(slots=True)
class Patience:
    """Takes steps that ask the store, and knows since when it has not answered.

    `alive` is called before each step, and after one that got no answer: a poller that waits for
    the store is not to be taken for one that hangs.
    """

    log: Log
    alive: Callable[[], object]
    _trouble_since: float | None = None
    _over: bool = False

    def ask(self, step: Callable[[], object]) -> bool:
        """Take `step`, which asks the store; whether anything came of it, or no answer came."""
        self.alive()
        try:
            return bool(step())
        except StoreUnavailable as error:
            now = time.monotonic()
            self._trouble_since = self._trouble_since or now
            self._over |= now - self._trouble_since > PATIENCE
            self.log("store.away", error=str(error))
            time.sleep(BETWEEN)
            self.alive()
            return True

    def answered(self) -> None:
        """Note that the store has answered."""
        self._trouble_since = None

    @property
    def tried(self) -> bool:
        """The store was asked in vain, and has not answered since."""
        return self._trouble_since is not None

    @property
    def over(self) -> bool:
        """It has been asked for long enough, be it that it answers by now."""
        return self._over
