"""`python -m structure`: hold the code to the bounds of its structure, and print the figures.

Exit status 1, with a line for each bound that does not hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from structure.functions import functions
from structure.imports import Imports

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SOURCES = ("layers/common/jobs", "functions", "localstack/stack", "infra")

MAX_CORE_MODULES = 36
MAX_CORE_TOP_MODULES = 20
"""Beside `worker/` and `ports/`."""

MAX_CHAIN = 6
"""Imports in a row, from one module of the core to the next; those for type checkers count."""

MAX_FUNCTION_LINES, MAX_MEDIAN_LINES, MAX_MODULE_LINES = 35, 6, 320


def main() -> int:
    """Print the figures; returns the exit status."""
    broken = [*_core(), *_sizes()]
    for each in broken:
        sys.stderr.write(f"structure: {each}\n")
    return int(bool(broken))


def _core() -> Iterator[str]:
    core = Imports.read(ROOT / "layers/common", "jobs.core")
    top = [name for name in core.modules if name.count(".") == 2]  # noqa: PLR2004
    longest = core.longest_chain()
    _say(
        f"core: {len(core.modules)} modules, {len(top)} of them at the top; "
        f"longest chain: {len(longest) - 1} imports ({' → '.join(longest)})"
    )
    if len(core.modules) > MAX_CORE_MODULES:
        yield f"core/ has {len(core.modules)} modules, and {MAX_CORE_MODULES} are the most"
    if len(top) > MAX_CORE_TOP_MODULES:
        yield f"core/ has {len(top)} modules at its top, and {MAX_CORE_TOP_MODULES} are the most"
    for circle in core.circles():
        yield f"import circle: {', '.join(circle)}"
    if len(longest) - 1 > MAX_CHAIN:
        yield f"a chain of {len(longest) - 1} imports, and {MAX_CHAIN} are the most: {longest}"


def _sizes() -> Iterator[str]:
    files = [
        file
        for source in SOURCES
        for file in sorted((ROOT / source).rglob("*.py"))
        if ".venv" not in file.parts
    ]
    found = [each for file in files for each in functions(file)]
    middle = median(each.lines for each in found)
    _say(
        f"{len(found)} functions: median {middle:g} lines, "
        f"longest {max(each.lines for each in found)}; {len(files)} modules"
    )
    if middle > MAX_MEDIAN_LINES:
        yield f"the median function has {middle:g} lines, and {MAX_MEDIAN_LINES} are the most"
    for each in found:
        if each.lines > MAX_FUNCTION_LINES:
            yield f"{each.name} has {each.lines} lines, and {MAX_FUNCTION_LINES} are the most"
    for file in files:
        lines = len(file.read_text("utf-8").splitlines())
        if lines > MAX_MODULE_LINES:
            yield f"{file.relative_to(ROOT)} has {lines} lines, and {MAX_MODULE_LINES} are the most"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
