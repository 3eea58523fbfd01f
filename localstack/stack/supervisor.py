"""`python -m stack.supervisor`: start again what has died, until told to stop."""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stack.bring_up import EXPECTED, bring_up
from stack.settings import Settings
from stack.stack import Stack

if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

EVERY = 1.0
MOST = 5
"""Failures in a row after which a person has to look."""
log = logging.getLogger("supervisor")


@dataclass
class Supervisor:
    """Knows what should run: whatever has a pid file, since stopping removes it."""

    stack: Stack
    _failures: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        """Mend the stack if a part has died."""
        dead = [part.name for part in self.stack.parts if part.process.died()]
        if not dead or any(self._failures[name] >= MOST for name in dead):
            return
        log.warning("%s died: starting again", ", ".join(dead))
        try:
            bring_up(self.stack, only_if=self.still_dead, edited=False)
        except EXPECTED as error:
            log.error("not started: %s", error)  # noqa: TRY400
            self._failures.update(dead)
        else:
            self._failures.clear()

    def still_dead(self) -> bool:
        """Asked under the lock: `down` or `up` may have come first."""
        return any(part.process.died() for part in self.stack.parts)


def main() -> None:
    """Look once a second."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    supervisor = Supervisor(Stack(Settings.load()))
    log.info("watching %s", ", ".join(part.name for part in supervisor.stack.parts))
    while True:
        supervisor.look()
        time.sleep(EVERY)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    sys.exit(0)


if __name__ == "__main__":
    main()
