"""What a test had to expect otherwise of one engine, told at the end of the run."""

from __future__ import annotations

from stack.engines.differences import on

told: dict[str, str] = {}
"""Each difference that a test met, by its row."""


def note(engine: str, what: str) -> None:
    """Say that `what` differs on `engine`; raises `KeyError` where that is not written down."""
    told[f"{engine}: {what}"] = on(engine, what)
