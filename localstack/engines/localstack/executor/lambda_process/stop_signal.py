"""Makes sure that LocalStack ends after a stop signal.

LocalStack stops its server from another thread with `loop.stop()`, which does not wake an event
loop that waits for connections: it may wait for ever. A thread that waits for that loop, because it
answers a request, would also keep the process for ever.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

from localstack.runtime import events, hooks
from localstack.runtime.current import get_current_runtime

POLL_SECONDS = 0.2
GRACE_SECONDS = 2.0
"""For the process to end by itself after its clean-up."""


@hooks.on_infra_shutdown()  # type: ignore[untyped-decorator]
def ensure_stop() -> None:
    """Start a thread that wakes the server's loop until it stops, and then ends the process."""
    threading.Thread(target=_end_process, name="ensure-stop", daemon=True).start()


def wake(server: object) -> None:
    """Make the event loop of `server`, if it has one, notice that it was stopped."""
    # A connection would wake it, too, but it may have closed its sockets already.
    if loop := getattr(server, "loop", None):
        with contextlib.suppress(RuntimeError):  # The loop is closed.
            loop.call_soon_threadsafe(lambda: None)


def _end_process() -> None:
    runtime = get_current_runtime()
    while not events.infra_stopped.wait(POLL_SECONDS):
        wake(runtime.components.runtime_server)
    time.sleep(GRACE_SECONDS)
    sys.stdout.flush()
    os._exit(runtime.exit_code)
