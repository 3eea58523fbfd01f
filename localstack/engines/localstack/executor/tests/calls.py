"""Calls functions, for the tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from lambda_process.invocation import Invocation

if TYPE_CHECKING:
    from lambda_process.environment import Environment

ARN = "arn:aws:lambda:us-east-1:000000000000:function:function"
ECHO = """
    import os

    def handler(event, context):
        return {"event": event, "pid": os.getpid()}
"""
"""A function that returns its event and the id of its process."""
numbers = count(1)


@dataclass(frozen=True)
class Called:
    """How a call ended."""

    request_id: str
    answer: Any
    error_type: str | None
    log: str


def call(environment: Environment, event: object = None, *, seconds: float = 10) -> Called:
    """Call the function of `environment` once."""
    request_id = f"request-{next(numbers)}"
    payload = json.dumps(event).encode()
    ending, log = environment.invoke(Invocation(request_id, payload, ARN, seconds))
    return Called(request_id, json.loads(ending.payload), ending.error_type, log)
