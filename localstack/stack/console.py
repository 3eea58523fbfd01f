"""Lines for a person to read."""

from __future__ import annotations

import os
import sys

COLOURS = {"green": 32, "red": 31, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "grey": 90}


def paint(text: str, colour: str) -> str:
    """`text` in a colour, where the output is a terminal that shows any."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def say(text: str = "") -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line to where errors go."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
