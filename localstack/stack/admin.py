"""Admin actions of deployed functions, by a direct invocation, which IAM authorises."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from stack.console import say
from stack.sam import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BUSY_SECONDS = 930.0
"""A poller runs for 900 seconds at most, and a reserved function has no other environment."""

BUSY_PAUSE_SECONDS = 1.0

CALL = Config(connect_timeout=5, read_timeout=120, retries={"total_max_attempts": 1})
"""Of the client of Lambda: an action takes as long as the migrations, and is not repeated."""


class AdminError(Exception):
    """The function did not carry out the action."""


def run(client: Any, function: str, action: str, **members: object) -> Mapping[str, Any]:
    """Invoke `function` with an action; returns its answer.

    Waits for a poller to end while all of them are at work. Raises `AdminError`, `ClientError`.
    """
    payload = json.dumps({"admin": {"action": action, **members}}).encode()
    answer = _invoke(client, function, payload)
    result = json.load(answer["Payload"])
    error = result.get("errorMessage", result) if "FunctionError" in answer else result.get("error")
    if error:
        raise AdminError(str(error))
    return dict(result)


def check(client: Any, *functions: str) -> None:
    """Ask each function whether it could do its work; the first migrates the schema.

    Raises `DeployError` with all that is wrong, by the names of the settings.
    """
    problems = []
    for function in functions:
        try:
            problems += run(client, function, "check")["problems"]
        except AdminError as error:
            problems.append(f"{function}: {error}")
    if problems:
        raise DeployError("\n".join(["deployed, but not all of it can work:", *problems]))


def _invoke(client: Any, function: str, payload: bytes) -> Mapping[str, Any]:
    end = time.monotonic() + MAX_BUSY_SECONDS
    busy = client.exceptions.TooManyRequestsException
    told = False
    while True:
        try:
            return dict(client.invoke(FunctionName=function, Payload=payload))
        except busy:
            if time.monotonic() > end:
                raise
            if not told:
                say(f"{function}: all of its environments are at work; waiting for one to end …")
                told = True
            time.sleep(BUSY_PAUSE_SECONDS)
