"""Waits for other processes, for the tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def until[T](ask: Callable[[], T], *, seconds: float = 30) -> T:
    """Call `ask` until its answer is true; returns the answer."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)
    return answer


def written(path: Path) -> int:
    """Wait until a function has written a number into a file; returns the number."""
    return int(until(lambda: path.exists() and path.read_text()) or 0)


def gone(pid: int) -> bool:
    """Whether the process of that id has ended."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
