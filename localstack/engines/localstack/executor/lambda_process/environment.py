"""An execution environment: one process for many calls, replaced when it dies."""

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

MAX_INIT_SECONDS = 10.0
"""For loading a function, in addition to the time limit of its first call."""


class StoppedError(Exception):
    """The environment was stopped before the call was answered."""


class Environment:
    """Runs one call at a time.

    `memory_mb` is the function's memory in MB; it is reported, not enforced. `ended` is called once
    when the environment has stopped. `stamp` gives a value that changes with the code; after a
    change the next call gets a new process.
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
        """Whether it accepts no further call."""
        return self._retired

    @property
    def pid(self) -> int | None:
        """The id of its process; None before the start."""
        return self._runtime.pid if self._runtime else None

    def start(self) -> None:
        """Start the process without waiting until the function is loaded.

        Raises `StoppedError` after `stop`.
        """
        with self._lock:
            self._refuse_if_stopped()
            self._started_with = self._stamp()
            self._runtime = Runtime(self._launch)
            self._fresh = True

    def invoke(self, invocation: Invocation) -> tuple[Ending, str]:
        """Run a call; returns its ending and its log. Raises `StoppedError`."""
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
        """Accept no further call, and stop once the running call, if any, has its answer."""
        with self._lock:
            self._retired = True
            if self._busy:
                return
        self.stop(grace)

    def stop(self, grace: float) -> None:
        """Send SIGTERM, and SIGKILL after `grace` seconds; a running call may end in between."""
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
        ready = runtime.wait_ready(MAX_INIT_SECONDS + invocation.seconds)
        if isinstance(ready, Exited) and not self._fresh:
            # It died between two calls, so this call must not fail for it.
            runtime = self._renew()
            ready = runtime.wait_ready(MAX_INIT_SECONDS + invocation.seconds)
        init_seconds = time.monotonic() - runtime.began if self._fresh else None
        began = time.monotonic()
        event = runtime.run(invocation) if isinstance(ready, Ready) else ready
        ending = self._ending(invocation, event)
        use = Use(time.monotonic() - began, init_seconds, runtime.peak_mb(), self._memory_mb)
        if isinstance(event, Exited | None) or not isinstance(ready, Ready):
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
        """The process, or a new one if the last call ended it or the code was edited."""
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
