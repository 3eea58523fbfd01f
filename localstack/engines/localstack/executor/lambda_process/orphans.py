"""Kills the functions that still run when LocalStack ends, even if LocalStack is killed.

Otherwise nothing would enforce their time limit. A process of its own, the reaper, keeps the list
of process groups: it reads `+PID` for a group that began and `-PID` for one that ended. When its
input ends, because LocalStack did, it kills the groups that are left.
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
    """The list of process groups; its first entry starts the reaper."""

    def __init__(self) -> None:
        self._alive: set[int] = set()
        self._lock = threading.Lock()
        self._reaper: subprocess.Popen[bytes] | None = None

    def began(self, pid: int) -> None:
        """Add the group of `pid`, which must end when we end."""
        with self._lock:
            self._alive.add(pid)
            self._tell(f"+{pid}")

    def ended(self, pid: int) -> None:
        """Remove the group of `pid`: it has ended, and another process may get the number."""
        with self._lock:
            self._alive.discard(pid)
            self._tell(f"-{pid}")

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            # The reaper was killed: a new one gets the whole list.
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
                # A signal to LocalStack's group must not end the reaper.
                start_new_session=True,
            )
        assert self._reaper.stdin  # noqa: S101
        self._reaper.stdin.write(f"{line}\n".encode())


def reap(lines: IO[str]) -> None:
    """Read `lines` to their end, then kill the groups that have not ended."""
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
    reap(sys.stdin)
