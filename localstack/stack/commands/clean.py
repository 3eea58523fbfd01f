"""Stop the stack and remove all it made: its state, its jobs and the built artefacts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from stack.commands import down
from stack.paths import ROOT
from stack.screen import say

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack

MADE = (
    ".aws-sam",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
)


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Exports in the output folder are kept: they are the user's."""
    down.run(stack, options)
    remove(stack)
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    say(f"removed {stack.state}")


def remove(stack: Stack) -> None:
    """Remove the state of a stack that is down, but for what `make` itself put there."""
    for part in (*stack.parts, stack.keeper):
        part.remove()
    for path in stack.state.iterdir() if stack.state.exists() else ():
        if path.name == "uv":
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
