"""How long functions are."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Function:
    """A function, and its lines from `def` to its end."""

    name: str
    lines: int


def functions(file: Path) -> Iterator[Function]:
    """Every function and method in `file`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(f"{file.name}:{node.lineno} {node.name}", lines)
