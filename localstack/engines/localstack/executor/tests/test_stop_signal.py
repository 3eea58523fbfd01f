"""LocalStack's server ends although it is stopped from another thread."""

from __future__ import annotations

import asyncio
import threading

from localstack.runtime.server.hypercorn import HypercornRuntimeServer

from lambda_process.stop_signal import wake
from waiting import until


def test_loop_that_waits_for_nothing_notices_its_stop() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = HypercornRuntimeServer()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(loop.is_running)
    loop.stop()
    wake(server)
    thread.join(30)
    assert not thread.is_alive()
    loop.close()
    asyncio.set_event_loop(None)
