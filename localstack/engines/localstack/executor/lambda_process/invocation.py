"""One call of a function, and what it can come to."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call. `payload` is JSON; the function may take `seconds` for it."""

    request_id: str
    payload: bytes
    function_arn: str
    seconds: float
    trace_id: str = ""
    version: str = "$LATEST"


@dataclass(frozen=True, slots=True)
class Ending:
    """What a call came to: the function's answer, or an error document and its type."""

    payload: bytes
    error_type: str | None = None


def failure(error_type: str, message: str) -> Ending:
    """An ending that the function did not write itself, in Lambda's own form."""
    document = {"errorType": error_type, "errorMessage": message}
    return Ending(json.dumps(document).encode(), error_type)


def exited(request_id: str, status: int) -> Ending:
    """The process ended before it answered; `status` as `Popen.returncode` gives it."""
    if status < 0:
        how = f"with error: signal: {_signal_name(-status)}"
    elif status:
        how = f"with error: exit status {status}"
    else:
        how = "without providing a reason"
    return failure("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited {how}")


def timed_out(request_id: str, seconds: float) -> Ending:
    """The function took longer than it may."""
    return failure(
        "Sandbox.Timedout",
        f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds",
    )


def _signal_name(number: int) -> str:
    return (signal.strsignal(number) or str(number)).lower()
