"""`python -m stack.supervisor`: restart parts that died, until a signal stops it."""

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

POLL_SECONDS = 1.0
MAX_FAILURES = 5
"""Failed restarts in a row after which the supervisor leaves a part alone."""
log = logging.getLogger("supervisor")


@dataclass
class Supervisor:
    """Restarts parts of `stack`: one with a pid file should run, because a stop removes it."""

    stack: Stack
    _failures: Counter[str] = field(default_factory=Counter)

    def check(self) -> None:
        """Bring the stack up if a part has died."""
        dead = [part.name for part in self.stack.parts if part.process.died()]
        if not dead or any(self._failures[name] >= MAX_FAILURES for name in dead):
            return
        log.warning("%s died: restarting", ", ".join(dead))
        try:
            bring_up(self.stack, only_if=self.still_dead, edited=False)
        except EXPECTED as error:
            log.error("not restarted: %s", error)  # noqa: TRY400
            self._failures.update(dead)
        else:
            self._failures.clear()

    def still_dead(self) -> bool:
        """Whether a part is still dead once we hold the lock: `down` or `up` may have had it."""
        return any(part.process.died() for part in self.stack.parts)


def main() -> None:
    """Check once a second."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    supervisor = Supervisor(Stack(Settings.load()))
    log.info("watching %s", ", ".join(part.name for part in supervisor.stack.parts))
    while True:
        supervisor.check()
        time.sleep(POLL_SECONDS)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    sys.exit(0)


if __name__ == "__main__":
    main()
