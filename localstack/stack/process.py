"""A detached process: it outlives the command that started it, and its pid file identifies it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from stack.surroundings import for_part
from stack.waiting import NotReadyError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


PRIVATE = 0o600
"""The mode of a log: for its owner alone."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run; `env` is its whole environment. Only root can name another `user`."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=for_part)
    cwd: Path | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process group; `pid_file` identifies its leader, `log_file` receives its output."""

    pid_file: Path
    log_file: Path

    def start(self, command: Command) -> None:
        """Start `command` in a new session, unless the process runs already."""
        if self.find() is not None:
            return
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.touch(PRIVATE)
        # An older file may be readable to all.
        self.log_file.chmod(PRIVATE)
        with self.log_file.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603
                list(command.argv),
                env=dict(command.env),
                cwd=command.cwd,
                user=command.user,
                group=_group(command.user),
                extra_groups=[] if command.user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # Another process may have the same pid later: the time of the start tells them apart.
        started = psutil.Process(child.pid).create_time()
        self.pid_file.write_text(f"{child.pid} {started}\n")
        child.returncode = 0  # `find` reaps it; without this, Popen warns that it still runs

    def find(self) -> psutil.Process | None:
        """The running leader, or None."""
        try:
            pid, started = self.pid_file.read_text().split()
            leader = psutil.Process(int(pid))
            if leader.create_time() != float(started):
                return None
            if leader.status() != psutil.STATUS_ZOMBIE:
                return leader
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        _reap(leader.pid)
        return None

    def died(self) -> bool:
        """Whether it ended although nobody stopped it."""
        return self.pid_file.exists() and self.find() is None

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM, *, grace: float = 15.0) -> bool:
        """Signal the leader, and kill the group after `grace` seconds.

        Returns whether the leader ended by itself.
        """
        leader = self.find()
        if leader is None:
            self._forget()
            return True
        with contextlib.suppress(psutil.NoSuchProcess):
            leader.send_signal(stop_signal)
        try:
            wait_until(lambda: self.find() is None, "its end", seconds=grace)
        except NotReadyError:
            self.kill()
            return False
        self._kill_group(leader.pid)
        self._forget()
        return True

    def kill(self) -> None:
        """End the whole group at once (SIGKILL)."""
        leader = self.find()
        if leader is None:
            return
        self._kill_group(leader.pid)
        wait_until(lambda: self.find() is None, "its end", seconds=10)
        self._forget()

    def members(self) -> list[psutil.Process]:
        """The other processes of the group."""
        leader = self.find()
        return leader.children(recursive=True) if leader else []

    def pause(self) -> None:
        """Freeze the whole group (SIGSTOP)."""
        if leader := self.find():
            os.killpg(leader.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a frozen group (SIGCONT)."""
        if leader := self.find():
            os.killpg(leader.pid, signal.SIGCONT)

    def tail(self, lines: int = 20) -> str:
        """The last lines of the log, for an error message."""
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _forget(self) -> None:
        self.pid_file.unlink(missing_ok=True)

    @staticmethod
    def _kill_group(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _reap(pid: int) -> None:
    """Reap a dead child; does nothing if another process started it."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _group(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415  (not on every platform)

    return pwd.getpwnam(user).pw_gid
