"""Waiting for something to become true, with a limit and a reason when it does not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class NotReadyError(Exception):
    """Something did not become ready in time, or died on the way."""


def wait_until(
    ready: Callable[[], bool],
    what: str,
    *,
    seconds: float,
    alive: Callable[[], bool] = lambda: True,
    every: float = 0.02,
) -> None:
    """Return once `ready()`; raise `NotReadyError` after `seconds` or as soon as not `alive()`."""
    end = time.monotonic() + seconds
    while not ready():
        if not alive():
            raise NotReadyError(f"{what}: the process ended before it was ready")
        if time.monotonic() > end:
            raise NotReadyError(f"{what}: not ready after {seconds:g} s")
        time.sleep(every)
