"""One process that runs a function, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from lambda_process.orphans import Orphans
from lambda_process.output import Output
from lambda_process.runtime_api import Answered, Raised, Ready, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_process.invocation import Invocation

orphans = Orphans()


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started. `env` is all that it sees of the environment."""

    python: str
    target: str
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True, slots=True)
class Exited:
    """The process is no more; `status` as `Popen.returncode` gives it."""

    status: int


class Runtime:
    """Started when made. One call at a time; the caller sees to that."""

    def __init__(self, launch: Launch) -> None:
        self.began = time.monotonic()
        self._events: SimpleQueue[Ready | Answered | Raised | Exited] = SimpleQueue()
        self._api = RuntimeApi(self._events.put)
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [launch.python, "-m", "awslambdaric", launch.target],
                env={**launch.env, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A group of its own, so that what the function starts ends with it.
                start_new_session=True,
            )
        except BaseException:
            self._api.close()
            raise
        orphans.began(self._process.pid)
        assert self._process.stdout  # noqa: S101
        # The reader closes the descriptor: Popen must not do so behind its back.
        self.output = Output(os.dup(self._process.stdout.fileno()))
        self._process.stdout.close()
        threading.Thread(target=self._watch, name="lambda-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait_ready(self, seconds: float) -> Ready | Raised | Exited | None:
        """Wait until it asks for an invocation; otherwise what happened instead, None: nothing."""
        end = time.monotonic() + seconds
        event = self._event(end)
        # What comes before that is the late end of a call that was given up.
        while isinstance(event, Answered) or (isinstance(event, Raised) and event.request_id):
            event = self._event(end)
        return event

    def run(self, invocation: Invocation) -> Answered | Raised | Exited | None:
        """Have it run a call; None: the call's time is up, and the process still at it."""
        end = time.monotonic() + invocation.seconds
        self._api.dispatch(invocation)
        event = self._event(end)
        while isinstance(event, Ready):
            event = self._event(end)
        return event

    def peak_mb(self) -> int:
        """Memory it held at most, where the system tells; otherwise 0."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(peaks[0]) // 1024 if peaks else 0

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL for the whole group after `grace` seconds."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self._api.no_more()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the whole group, now."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        orphans.ended(self.pid)
        self._api.close()

    def _event(self, end: float) -> Ready | Answered | Raised | Exited | None:
        try:
            return self._events.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            return None

    def _watch(self) -> None:
        self._events.put(Exited(self._process.wait()))
