"""The log."""

from __future__ import annotations

from typing import Protocol


class Log(Protocol):
    """The log: one event is one line. Never raises."""

    def __call__(self, event: str, /, **fields: object) -> None:
        """Write that `event` happened, with `fields`."""
        ...
