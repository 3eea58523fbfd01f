"""The event bus, which tells other functions of the ends of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bus(Protocol):
    """The event bus. Raises `AttemptFailed` with the service's own code."""

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        """Put an event on the bus; returns the id that the bus gave it.

        An `error` in `detail` that is too long for the bus is cut.
        """
        ...
