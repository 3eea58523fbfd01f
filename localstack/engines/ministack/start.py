"""Starts ministack, and writes each line that a function logs to a file at once.

ministack itself has the lines of an invocation when it ends. `FUNCTION_LOGS` names the folder of
the files, one for each function.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from ministack.app import main
from ministack.core.lambda_runtime import Worker

# Functions inherit the environment, and have no use for it.
LOGS = Path(os.environ.pop("FUNCTION_LOGS"))
MAX_BYTES = 10_000_000
"""Of a file; as many of the lines before are kept in another."""


def read_log(worker: Any) -> None:
    """Pass on every line of a function's process, as `Worker` does, and write it to its file."""
    path = LOGS / f"{worker.func_name}.log"
    with suppress(OSError, ValueError):
        for line in worker._proc.stderr:  # noqa: SLF001
            worker._stderr_queue.put(line.rstrip("\n"))  # noqa: SLF001
            with suppress(OSError):
                append(path, line)


def append(path: Path, line: str) -> None:
    """Add a line, which other processes of the function do not break."""
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


LOGS.mkdir(parents=True, exist_ok=True)
Worker._read_stderr = read_log  # noqa: SLF001
main()
