"""One execution environment as the cloud sees it: a process that may die at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psutil

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping

TESTS = Path(__file__).parents[2]


class DiedError(Exception):
    """The process ended before it had answered; the argument is its exit status."""


class Environment:
    """Runs one invocation at a time. `faults`: the points that are armed in it."""

    def __init__(self, log: Path, variables: Mapping[str, str], faults: str = "") -> None:
        self.faults = faults
        answers, theirs = os.pipe()
        self._answers = os.fdopen(answers, "rb")
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "faults.kit.worker", str(theirs)],
                env={**os.environ, **variables, "FAULTS": faults, "PYTHONPATH": str(TESTS)},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                pass_fds=[theirs],
            )
        os.close(theirs)

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, event: object, seconds: float) -> Any:
        """Run one invocation to its end. Raises `DiedError`, also if `seconds` were too few."""
        call = {"event": event, "seconds": seconds, "request_id": str(uuid4())}
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(call).encode() + b"\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._answers], [], [], seconds)
        answer = self._answers.readline() if ready else b""
        if not answer:
            self.end()
            raise DiedError(self._process.returncode)
        return json.loads(answer)

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def stopped(self) -> bool:
        """Whether it is frozen (SIGSTOP)."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        return False

    def end(self) -> None:
        """Kill it, unless it is dead already, and let go of it."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        if not self._answers.closed:
            self._answers.close()
