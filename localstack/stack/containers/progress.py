"""What the verification says as it goes."""

from __future__ import annotations

from stack.console import say


def step(text: str) -> None:
    """Say what happens now."""
    say(f"● {text}")


def must(what: str, holds: object) -> None:
    """Say that something holds; end where it does not."""
    if not holds:
        raise SystemExit(f"✗ {what}: {holds!r}")
    say(f"  ✓ {what}")
