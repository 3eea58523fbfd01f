"""Which module of a package imports which; imports for type checkers count.

The linter of imports holds layers to their order, but leaves those imports out where it is told to,
and counts no chains.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Imports:
    """`modules`: each module of a package that holds code, and those that it imports."""

    modules: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, folder: Path, package: str) -> Self:
        """The modules of `package`, which lies in `folder`; an `__init__` is no module."""
        files = {
            ".".join(file.relative_to(folder).with_suffix("").parts): file
            for file in (folder / package.replace(".", "/")).rglob("*.py")
            if file.name != "__init__.py"
        }
        return cls(
            {name: frozenset(_imported(file)) & files.keys() for name, file in files.items()}
        )

    def circles(self) -> Iterator[tuple[str, ...]]:
        """A circle of imports, if there is one."""
        try:
            TopologicalSorter(self.modules).prepare()
        except CycleError as error:
            yield tuple(error.args[1])

    def longest_chain(self) -> tuple[str, ...]:
        """The longest chain of modules that import the next; none where there is a circle."""
        if any(self.circles()):
            return ()

        @cache
        def chain(name: str) -> tuple[str, ...]:
            return (name, *max(map(chain, self.modules[name]), key=len, default=()))

        return max(map(chain, self.modules), key=len, default=())


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
