"""Calls a built function with nothing but its layer and boto3 beside the standard library.

Started as a program of its own, by `python -I -S alone.py`, so that nothing else can be imported.
Reads from standard input what to do (`folders`: where to import from, `packages`: to be imported
whole, `handler`, `event`), and writes what came of it: `answer`, and for each module that was
imported from a file, that file (`files`).
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from typing import Any


class Context:
    """What Lambda says of an invocation."""

    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def import_whole(name: str) -> None:
    """A package and everything in it."""
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)


def main() -> None:
    task: dict[str, Any] = json.load(sys.stdin)
    results, sys.stdout = sys.stdout, sys.stderr
    sys.path[:0] = task["folders"]
    for package in task["packages"]:
        import_whole(package)
    module, _, function = task["handler"].rpartition(".")
    answer = getattr(importlib.import_module(module), function)(task["event"], Context())
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    json.dump({"answer": answer, "files": sorted(filter(None, files))}, results)


if __name__ == "__main__":
    main()
