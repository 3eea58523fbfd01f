"""The poller function: an event in, the queues drained, counts out."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

from jobs import bootstrap
from jobs.core.work import Invocation

_stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: _stop.set())


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Drain the queues, and say how many attempts came to what.

    `event` is the schedule's (`{"schedule": …}`), a wake (`{"wake": {"hop": n}}`), or the
    record of an invocation that failed (`{"requestContext": …}`), whose work is waited for.
    """
    # The limit is read once: the runtime's own clock reads 0 in the grace after it.
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    poller = bootstrap.poller()
    drained = poller.drain(
        Invocation(
            request_id=context.aws_request_id,
            remaining=lambda: deadline - time.monotonic(),
            stopping=_stop.is_set,
            hop=_hop(event),
            scheduled="schedule" in event,
            patient="requestContext" in event,
        )
    )
    if drained.tainted:
        # An attempt that could not be ended still runs in here: it must not outlive this call.
        os._exit(1)
    return dict(drained.counts)


def _hop(event: dict[str, Any]) -> int:
    """How many pollers woke each other before this one; a failed one passes its number on."""
    wake = event.get("requestPayload", event).get("wake", {})
    return int(wake.get("hop", 0)) + ("requestContext" in event)
