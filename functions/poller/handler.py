"""The poller function: an event in, the queues drained, counts out; or an admin action."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

from jobs import bootstrap
from jobs.adapters import log
from jobs.core.errors import JobsError
from jobs.core.worker.context import Invocation
from poller import admin
from poller import event as events
from poller.watchdog import watchdog

MAX_SILENCE_SECONDS = 8.0
"""A drain that waits for a database without an answer makes no progress for so long."""

_stop = threading.Event()
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, lambda *_: _stop.set())


def handler(event: object, context: Any) -> dict[str, Any]:
    """Drain the queues, and return the number of attempts by outcome; or do what an admin asks for.

    Raises no foreseeable error: a poller that fails is invoked again at once.
    """
    if admin.is_action(event):
        return admin.answer(event)
    try:
        return _poll(event, context)
    except JobsError as error:
        log.event("poller.failed", level="ERROR", error=str(error))
        return {"error": str(error)}


def _poll(event: object, context: Any) -> dict[str, Any]:
    # Read once: the runtime's own clock reads 0 in the grace after the limit.
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    call = events.read(event)
    poller = bootstrap.poller()
    if call.died:
        # The notice came without a failure destination of its own; the wake has one.
        return {"woken": poller.replace(call.hop)}
    with watchdog(max(poller.lease, MAX_SILENCE_SECONDS)) as alive:
        result = poller.drain(
            Invocation(
                request_id=context.aws_request_id,
                remaining=lambda: deadline - time.monotonic(),
                stopping=_stop.is_set,
                alive=alive,
                hop=call.hop,
                scheduled=call.scheduled,
                wait_for_leases=call.wait_for_leases,
            )
        )
    if result.must_exit:
        # An attempt that could not be ended still runs in here: it must not outlive this call.
        os._exit(1)
    return dict(result.counts)
