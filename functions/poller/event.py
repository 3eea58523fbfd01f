"""What calls the poller: the schedule, a wake, or the death of another poller."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """Who called. `hop` counts the pollers that woke each other up to this one.

    `died`: this is the notice that an invocation has failed.
    """

    hop: int = 0
    scheduled: bool = False
    wait_for_leases: bool = False
    died: bool = False


def read(event: object) -> Call:
    """Read any event; one that says nothing of the kind is a plain wake.

    The schedule sends `{"schedule": "rate(1 minute)"}`, a wake is
    `{"wake": {"hop": n, "wait_for_leases": b}}`, and a failed invocation comes as the record of its
    failure destination, wrapped by SNS.
    """
    match event:
        case {"schedule": _}:
            return Call(scheduled=True)
        case {"wake": {"hop": int(hop), **rest}}:
            return Call(hop=hop, wait_for_leases=bool(rest.get("wait_for_leases")))
        case {"Records": [{"Sns": {"Message": str(message)}}, *_]}:
            return read(_parsed(message))
        case {"requestPayload": payload}:
            return Call(hop=read(payload).hop + 1, died=True)
    return Call()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
