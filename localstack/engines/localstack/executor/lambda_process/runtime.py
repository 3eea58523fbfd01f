"""One process that runs a function."""

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
    """How to start a process; `handler` is the function's, `env` the whole environment."""

    python: str
    handler: str
    env: Mapping[str, str]
    cwd: Path


@dataclass(frozen=True, slots=True)
class Exited:
    """The process ended; `status` is `Popen.returncode`."""

    status: int


class Runtime:
    """A running process. The caller must run one call at a time."""

    def __init__(self, launch: Launch) -> None:
        self.began = time.monotonic()
        self._events: SimpleQueue[Ready | Answered | Raised | Exited] = SimpleQueue()
        self._api = RuntimeApi(self._events.put)
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [launch.python, "-m", "awslambdaric", launch.handler],
                env={**launch.env, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # A new group, so that processes of the function end with it.
                start_new_session=True,
            )
        except BaseException:
            self._api.close()
            raise
        orphans.began(self._process.pid)
        assert self._process.stdout  # noqa: S101
        # `Output` closes its own descriptor, which Popen must not close first.
        self.output = Output(os.dup(self._process.stdout.fileno()))
        self._process.stdout.close()
        threading.Thread(target=self._watch, name="lambda-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait_ready(self, seconds: float) -> Ready | Raised | Exited | None:
        """Wait up to `seconds` until the process asks for an invocation.

        Returns the event that came instead, or None if there was none.
        """
        end = time.monotonic() + seconds
        event = self._event(end)
        # An answer that comes before belongs to an earlier call that timed out.
        while isinstance(event, Answered) or (isinstance(event, Raised) and event.request_id):
            event = self._event(end)
        return event

    def run(self, invocation: Invocation) -> Answered | Raised | Exited | None:
        """Run a call; returns its event, or None if the time limit passes first."""
        end = time.monotonic() + invocation.seconds
        self._api.dispatch(invocation)
        event = self._event(end)
        while isinstance(event, Ready):
            event = self._event(end)
        return event

    def peak_mb(self) -> int:
        """The peak memory of the process in MB; 0 if the system does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(peaks[0]) // 1024 if peaks else 0

    def stop(self, grace: float) -> None:
        """Send SIGTERM to the process, and SIGKILL to its group after `grace` seconds."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self._api.end_invocations()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the group, and wait for the end of the process."""
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
