"""The log of a call, with the lines that Lambda itself adds."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_process.invocation import Ending, Invocation


@dataclass(frozen=True, slots=True)
class Use:
    """The time and memory of a call; `init_seconds` is the time of a cold start, if it had one."""

    seconds: float
    init_seconds: float | None
    peak_mb: int
    memory_mb: int


STATUS = {
    "Sandbox.Timedout": ["Status: timeout"],
    "Runtime.ExitError": ["Status: error", "Error Type: Runtime.ExitError"],
}


def log_of(invocation: Invocation, output: str, ending: Ending, use: Use) -> str:
    """START, the function's output, the reason of a forced end, END and REPORT."""
    request_id = invocation.request_id
    parts = [f"START RequestId: {request_id} Version: {invocation.version}\n", output]
    if output and not output.endswith("\n"):
        parts.append("\n")
    if ending.error_type in STATUS:
        parts.append(f"{json.loads(ending.payload)['errorMessage']}\n")
    parts.append(f"END RequestId: {request_id}\n")
    parts.append(_report(request_id, ending, use))
    return "".join(parts)


def _report(request_id: str, ending: Ending, use: Use) -> str:
    milliseconds = use.seconds * 1000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds)} ms",
        f"Memory Size: {use.memory_mb} MB",
        f"Max Memory Used: {use.peak_mb} MB",
    ]
    if use.init_seconds is not None:
        fields.append(f"Init Duration: {use.init_seconds * 1000:.2f} ms")
    if ending.error_type is not None:
        fields += STATUS.get(ending.error_type, [])
    return "\t".join(fields) + "\t\n"
