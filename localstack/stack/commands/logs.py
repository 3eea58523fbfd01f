"""Follow the logs of all parts as one stream; PART= chooses one part."""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING

from stack.console import COLOURS, paint, say
from stack.logs import FileLog
from stack.sam import STACK_NAME
from stack.settings import SettingsError

if TYPE_CHECKING:
    import argparse

    from stack.logs import Log
    from stack.stack import Stack

FUNCTIONS = ("api", "poller")
BACKLOG_LINES = 20
POLL_SECONDS = 0.5


def arguments(options: argparse.ArgumentParser) -> None:
    """Which part, how many earlier lines, and whether to wait for more."""
    options.add_argument("--part", default="", help="one part only")
    options.add_argument(
        "--lines", type=int, default=BACKLOG_LINES, help="earlier lines of each part"
    )
    options.add_argument("--once", action="store_true", help="do not wait for more")


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Print each line after the name of its part, until interrupted; raises `SettingsError`."""
    logs = _logs(stack, options.lines)
    if options.part:
        if options.part not in logs:
            raise SettingsError(f"PART must be one of {', '.join(logs)}, not {options.part!r}")
        logs = {options.part: logs[options.part]}
    colours = dict(zip(logs, cycle(name for name in COLOURS if name != "red"), strict=False))
    while True:
        for name, log in logs.items():
            for line in log.lines():
                say(f"{paint(f'{name:>10}', colours[name])} {line}")
        if options.once:
            return
        time.sleep(POLL_SECONDS)


def _logs(stack: Stack, backlog: int) -> dict[str, Log]:
    logs: dict[str, Log] = {}
    for part in (*stack.parts, stack.supervisor):
        logs[part.name] = FileLog(part.process.log_file, backlog)
    for name in FUNCTIONS:
        logs[name] = stack.engine.function_log(f"{STACK_NAME}-{name}", backlog)
    return logs
