"""Sees to it that LocalStack ends when it is told to.

Its server is stopped from another thread by `loop.stop()`, which does not wake a loop that waits
for connections: without one it would wait for ever. And whoever waits for that loop to pass on an
answer, because a request was in hand, would keep the process for ever.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time

from localstack.runtime import events, hooks
from localstack.runtime.current import get_current_runtime

from lambda_process.addresses import reachable

EVERY = 0.2
LAST_SECONDS = 2.0
"""For an end of its own, once all is cleaned up."""


@hooks.on_infra_shutdown()  # type: ignore[untyped-decorator]
def ensure_stop() -> None:
    """Connect to the gateway until it has stopped, then end the process if it does not itself.

    All from a thread that ends with the process.
    """
    threading.Thread(target=_see_it_end, name="ensure-stop", daemon=True).start()


def _see_it_end() -> None:
    while not events.infra_stopped.wait(EVERY):
        with contextlib.suppress(OSError), socket.create_connection(reachable(), timeout=1):
            continue
    time.sleep(LAST_SECONDS)
    sys.stdout.flush()
    os._exit(get_current_runtime().exit_code)
