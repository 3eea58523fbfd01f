"""An execution environment: a process that is used again, and replaced when it dies."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from lambda_process.invocation import Ending, Invocation, exited, timed_out
from lambda_process.report import Use, log_of
from lambda_process.runtime import Exited, Launch, Runtime
from lambda_process.runtime_api import Answered, Raised, Ready

if TYPE_CHECKING:
    from collections.abc import Callable

INIT_SECONDS = 10.0
"""What loading a function may take, beside the time limit of its first call."""


class StoppedError(Exception):
    """The environment was stopped before the call was answered."""


class Environment:
    """Runs one call at a time.

    `ended` is called once it will run none any more. `stamp` tells the code's state: where it
    gives another value than before, the next call gets a new process.
    """

    def __init__(
        self,
        launch: Launch,
        memory_mb: int,
        ended: Callable[[], None] = lambda: None,
        stamp: Callable[[], object] = lambda: None,
    ) -> None:
        self._launch = launch
        self._memory_mb = memory_mb
        self._ended = ended
        self._stamp = stamp
        self._started_with: object = None
        self._lock = threading.Lock()
        self._busy = False
        self._fresh = True
        self._retired = False
        self._stopped = False
        self._runtime: Runtime | None = None

    @property
    def retired(self) -> bool:
        """Whether it was told to take no further call."""
        return self._retired

    @property
    def pid(self) -> int | None:
        """Of its process, while there is one."""
        return self._runtime.pid if self._runtime else None

    def start(self) -> None:
        """Start the process, without waiting until the function is loaded."""
        with self._lock:
            self._refuse_if_stopped()
            self._started_with = self._stamp()
            self._runtime = Runtime(self._launch)
            self._fresh = True

    def invoke(self, invocation: Invocation) -> tuple[Ending, str]:
        """Run a call; returns what it came to and its log. Raises `StoppedError`."""
        with self._lock:
            self._refuse_if_stopped()
            self._busy = True
        try:
            return self._call(invocation)
        finally:
            with self._lock:
                self._busy = False
                leave = self._retired and not self._stopped
            if leave:
                self.stop(grace=1.0)

    def retire(self, grace: float) -> None:
        """Stop once the call in hand, if there is one, has its answer."""
        with self._lock:
            self._retired = True
            if self._busy:
                return
        self.stop(grace)

    def stop(self, grace: float) -> None:
        """SIGTERM, then after `grace` seconds SIGKILL; a call in hand may end in between."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = self._retired = True
            runtime = self._runtime
        if runtime:
            runtime.stop(grace)
        self._ended()

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise StoppedError("the execution environment was stopped")

    def _call(self, invocation: Invocation) -> tuple[Ending, str]:
        runtime = self._live()
        said = runtime.wait_ready(INIT_SECONDS + invocation.seconds)
        if isinstance(said, Exited) and not self._fresh:
            # It died between two calls, which is no fault of this one.
            runtime = self._renew()
            said = runtime.wait_ready(INIT_SECONDS + invocation.seconds)
        init_seconds = time.monotonic() - runtime.began if self._fresh else None
        began = time.monotonic()
        event = runtime.run(invocation) if isinstance(said, Ready) else said
        ending = self._ending(invocation, event)
        use = Use(time.monotonic() - began, init_seconds, runtime.peak_mb(), self._memory_mb)
        if isinstance(event, Exited | None) or not isinstance(said, Ready):
            runtime.kill()
        self._fresh = False
        return ending, log_of(invocation, runtime.output.take(), ending, use)

    def _ending(
        self, invocation: Invocation, event: Answered | Raised | Ready | Exited | None
    ) -> Ending:
        match event:
            case Answered(body=body):
                return Ending(body)
            case Raised(body=body, error_type=error_type):
                return Ending(body, error_type)
            case Exited() if self._stopped:
                raise StoppedError("the execution environment was stopped during the call")
            case Exited(status=status):
                return exited(invocation.request_id, status)
            case _:
                return timed_out(invocation.request_id, invocation.seconds)

    def _live(self) -> Runtime:
        """The process, or a new one where the last call ended it or its code was edited."""
        if self._runtime and self._runtime.alive and self._stamp() == self._started_with:
            return self._runtime
        return self._renew()

    def _renew(self) -> Runtime:
        old = self._runtime
        if old:
            old.kill()
        self.start()
        assert self._runtime  # noqa: S101
        return self._runtime
