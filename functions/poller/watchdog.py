"""Ends the process when the drain no longer moves.

A processor that hangs inside C code with the interpreter's lock stops every thread, the drain's
too: its leases end, and nothing in Python could end it. The timer of `faulthandler` can.
"""

from __future__ import annotations

import faulthandler
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STDERR = 2

EVERY = 1.0
"""Seconds between two resets of the timer: each one starts a thread."""


@contextmanager
def watchdog(patience: float) -> Iterator[Callable[[], None]]:
    """Yield a function that the drain calls again and again.

    `patience` seconds after its last call the process ends, and every thread's stack is logged.
    """
    last = 0.0

    def alive() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            faulthandler.dump_traceback_later(patience + EVERY, exit=True, file=STDERR)

    alive()
    try:
        yield alive
    finally:
        faulthandler.cancel_dump_traceback_later()
