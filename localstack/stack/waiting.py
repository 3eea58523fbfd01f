"""Waits until a condition holds, for a limited time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class NotReadyError(Exception):
    """A part is not up, was not ready in time, or ended before it was ready."""


def wait_until(
    ready: Callable[[], bool],
    what: str,
    *,
    seconds: float,
    alive: Callable[[], bool] = lambda: True,
    every: float = 0.02,
) -> None:
    """Return once `ready()` holds, which is asked every `every` seconds.

    Raises `NotReadyError`, which names `what`, after `seconds` or as soon as `alive()` is false.
    """
    end = time.monotonic() + seconds
    while not ready():
        if not alive():
            raise NotReadyError(f"{what}: the process ended before it was ready")
        if time.monotonic() > end:
            raise NotReadyError(f"{what}: not ready after {seconds:g} s")
        time.sleep(every)
