"""A detached process that outlives the command that started it, known by its pid file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from stack.waiting import NotReadyError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `env` is the whole environment; `user` is a user name, for root only."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cwd: Path | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process group whose leader's identity is kept in `pid_file` and output in `log_file`."""

    pid_file: Path
    log_file: Path

    def start(self, command: Command) -> None:
        """Start `command` in a session of its own; nothing happens if it runs already."""
        if self.find() is not None:
            return
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
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
        # The pid alone may belong to somebody else by the time it is read again.
        born = psutil.Process(child.pid).create_time()
        self.pid_file.write_text(f"{child.pid} {born}\n")
        child.returncode = 0  # reaped in `find`: keeps Popen from warning that it still runs

    def find(self) -> psutil.Process | None:
        """The running leader, or None."""
        try:
            pid, born = self.pid_file.read_text().split()
            leader = psutil.Process(int(pid))
            if leader.create_time() != float(born):
                return None
            if leader.status() != psutil.STATUS_ZOMBIE:
                return leader
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        _reap(leader.pid)
        return None

    def died(self) -> bool:
        """Whether it ended without having been stopped."""
        return self.pid_file.exists() and self.find() is None

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM, *, grace: float = 15.0) -> bool:
        """Ask the leader to stop, kill the group after `grace` seconds; True: it was not needed."""
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
        """End the whole group at once, without asking (SIGKILL)."""
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
        """Let a frozen group go on (SIGCONT)."""
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
    """Collect a dead child of ours; not ours to do when another command started it."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _group(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415  (not on every platform)

    return pwd.getpwnam(user).pw_gid
