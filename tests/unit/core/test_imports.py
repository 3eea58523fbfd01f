"""The rules need nothing but Python."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jobs.core

if TYPE_CHECKING:
    from collections.abc import Iterator

CORE = Path(jobs.core.__path__[0])
ALLOWED = sys.stdlib_module_names | {"__future__"}


FOR_TYPE_CHECKERS = {"typing_extensions"}
"""Type checkers bring it along; it may be imported where they alone read."""


def imported(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    unread = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            if node not in unread or node.module not in FOR_TYPE_CHECKERS:
                yield str(node.module)


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: path.stem)
def test_a_module_of_the_core_imports_the_standard_library_only(path: Path) -> None:
    outside = {
        name
        for name in imported(path)
        if name.partition(".")[0] not in ALLOWED and not name.startswith("jobs.core")
    }
    assert not outside
