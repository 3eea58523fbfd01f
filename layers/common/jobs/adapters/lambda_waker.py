"""Wakes a poller: an asynchronous invocation of the poller function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.log import Log


class LambdaWaker:
    """`Waker` by AWS Lambda. `client` makes the client, when it is first needed."""

    def __init__(self, client: Callable[[], Any], function: str, log: Log) -> None:
        self._client = client
        self._function = function
        self._log = log

    def wake(self, *, hop: int = 0, wait_for_leases: bool = False) -> bool:
        event = json.dumps({"wake": {"hop": hop, "wait_for_leases": wait_for_leases}}).encode()
        try:
            self._client().invoke(
                FunctionName=self._function, InvocationType="Event", Payload=event
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the schedule is the safety net
            self._log("wake.failed", function=self._function, error=str(error))
            return False
        return True
