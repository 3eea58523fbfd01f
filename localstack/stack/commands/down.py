"""Stop the stack gracefully; jobs and exports are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.console import say

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Stop the parts, the last one started first."""
    del options
    with stack.locked():
        running = [part.name for part in stack.parts if part.process.find() is not None]
        stack.stop()
    say(f"stopped {', '.join(reversed(running))}" if running else "nothing was running")
