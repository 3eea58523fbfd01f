"""No function outlives LocalStack, not even one that is killed with it in the middle of a call.

Nobody would hold such a function to its time limit. A process of its own keeps the list of process
groups: it reads `+PID` for one that began and `-PID` for one that ended, and when its input ends,
because LocalStack did, it kills what is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import IO


class Orphans:
    """The list, and the process that keeps it; started with the first entry."""

    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._lock = threading.Lock()
        self._reaper: subprocess.Popen[bytes] | None = None

    def began(self, pid: int) -> None:
        """The group of `pid` is to end with us."""
        with self._lock:
            self._alive.add(pid)
            self._tell(f"+{pid}")

    def ended(self, pid: int) -> None:
        """The group of `pid` has ended; somebody else may get the number."""
        with self._lock:
            self._alive.discard(pid)
            self._tell(f"-{pid}")

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            # Somebody has killed it.
            self._forget()
            for pid in self._alive:
                self._write(f"+{pid}")

    def _forget(self) -> None:
        if self._reaper and self._reaper.stdin:
            self._reaper.stdin.close()
            self._reaper.wait()
        self._reaper = None

    def _write(self, line: str) -> None:
        if self._reaper is None:
            self._reaper = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                bufsize=0,
                # What ends LocalStack's group is to leave it.
                start_new_session=True,
            )
        assert self._reaper.stdin  # noqa: S101
        self._reaper.stdin.write(f"{line}\n".encode())


def keep(lines: IO[str]) -> None:
    """Follow `lines` to their end, then kill the groups that have not ended."""
    alive: set[int] = set()
    for line in lines:
        pid = int(line[1:])
        if line.startswith("+"):
            alive.add(pid)
        else:
            alive.discard(pid)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    keep(sys.stdin)
