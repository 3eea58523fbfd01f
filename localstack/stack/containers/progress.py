"""Progress messages of the verification."""

from __future__ import annotations

from stack.console import say


def step(text: str) -> None:
    """Print what begins now."""
    say(f"● {text}")


def must(what: str, holds: object) -> None:
    """Print that `what` holds; end the process if it does not."""
    if not holds:
        raise SystemExit(f"✗ {what}: {holds!r}")
    say(f"  ✓ {what}")
