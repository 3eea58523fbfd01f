"""The way out to addresses that clients have named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Web(Protocol):
    """The way out to addresses that clients have named.

    Raises `PermanentFailure` for an address that is not to be reached, `AttemptFailed` where
    nobody answers.
    """

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send `body`, and return the status that is answered; no redirect is followed."""
        ...
