"""The bus on which other functions are told what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Bus(Protocol):
    """The bus on which other functions are told what has happened.

    Raises `AttemptFailed` with the service's own code.
    """

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        """Put an event on the bus; returns the id that it got there.

        An `error` in `detail` that is too long for the bus is cut.
        """
        ...
