"""One call of a function, and how it can end."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call; `payload` is JSON, `seconds` is the time limit."""

    request_id: str
    payload: bytes
    function_arn: str
    seconds: float
    trace_id: str = ""
    version: str = "$LATEST"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: the function's answer, or an error document and its type."""

    payload: bytes
    error_type: str | None = None


def failure(error_type: str, message: str) -> Ending:
    """An ending with an error document in Lambda's own form."""
    document = {"errorType": error_type, "errorMessage": message}
    return Ending(json.dumps(document).encode(), error_type)


def exited(request_id: str, status: int) -> Ending:
    """The ending if the process ends before it answers; `status` is `Popen.returncode`."""
    if status < 0:
        how = f"with error: signal: {_signal_name(-status)}"
    elif status:
        how = f"with error: exit status {status}"
    else:
        how = "without providing a reason"
    return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited {how}")


def timed_out(request_id: str, seconds: float) -> Ending:
    """The ending if the function exceeds its time limit of `seconds`."""
    return failure(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
    )


def _signal_name(number: int) -> str:
    return (signal.strsignal(number) or str(number)).lower()
