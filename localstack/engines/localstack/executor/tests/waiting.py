"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def until[T](ask: Callable[[], T], *, seconds: float = 30) -> T:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)
    return answer


def written(path: Path) -> int:
    """The number that a function writes into a file, once it is there."""
    return int(until(lambda: path.exists() and path.read_text()) or 0)


def gone(pid: int) -> bool:
    """Whether no process of that id runs any more."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
