"""Prints lines for the user."""

from __future__ import annotations

import os
import sys

COLOURS = {"green": 32, "red": 31, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "grey": 90}


def paint(text: str, colour: str) -> str:
    """`text` in a colour if the output is a terminal, else unchanged."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def say(text: str = "") -> None:
    """Print a line to standard output and flush it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print a line to standard error and flush it."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
