"""Stop the stack and remove its state, jobs included; exports are kept."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from stack.commands import down
from stack.console import say

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Stop, then remove."""
    down.run(stack, options)
    remove(stack)
    say(f"removed {stack.state}")


def remove(stack: Stack) -> None:
    """Remove the state of a stack that is down, except for the uv that `make` installed there."""
    for part in (*stack.parts, stack.supervisor):
        part.remove()
    for path in stack.state.iterdir() if stack.state.exists() else ():
        if path.name == "uv":
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
