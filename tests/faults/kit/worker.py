"""An execution environment of the poller: the real function, one invocation after another.

Reads invocations as JSON lines from standard input, `{"event", "seconds", "request_id"}`, and
writes what the function returned to the descriptor that is its one argument. The log goes to
standard output, as everywhere.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

from faults.kit.types import register
from poller.handler import handler

MEMORY = "MEMORY_LIMIT"
"""The variable that gives the bytes this process may have."""

SKEW = "CLOCK_SKEW"
"""The variable that gives the seconds by which this machine's clock is wrong."""


class Context:
    """As much of Lambda's context as the function asks for."""

    def __init__(self, seconds: float, request_id: str) -> None:
        self.aws_request_id = request_id
        self._deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main() -> None:
    _prepare()
    answers = os.fdopen(int(sys.argv[1]), "w")
    for line in sys.stdin:
        call: dict[str, Any] = json.loads(line)
        answer = handler(call["event"], Context(call["seconds"], call["request_id"]))
        print(json.dumps(answer), file=answers, flush=True)


def _prepare() -> None:
    register()
    if limit := os.environ.get(MEMORY):
        resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    if skew := float(os.environ.get(SKEW, "0")):
        true = time.time
        time.time = lambda: true() + skew


if __name__ == "__main__":
    main()
