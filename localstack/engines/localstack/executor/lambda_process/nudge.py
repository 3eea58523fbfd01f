"""Sees to it that LocalStack ends when it is told to.

Its server is stopped from another thread by `loop.stop()`, which does not wake a loop that waits
for connections: without one it would wait for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from localstack.runtime import hooks

from lambda_process.addresses import reachable

EVERY = 0.2


@hooks.on_infra_shutdown()  # type: ignore[untyped-decorator]
def nudge() -> None:
    """Connect to the gateway again and again, from a thread that ends with the process."""
    threading.Thread(target=_connect, name="nudge", daemon=True).start()


def _connect() -> None:
    while True:
        time.sleep(EVERY)
        with contextlib.suppress(OSError), socket.create_connection(reachable(), timeout=1):
            continue
