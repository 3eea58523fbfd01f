"""HTTP requests to addresses that clients have named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class PublicHttp(Protocol):
    """HTTP requests to addresses that clients have named.

    Raises `PermanentFailure` for an address that is not to be reached, `AttemptFailed` where
    there is no answer.
    """

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send `body`, and return the status of the answer; no redirect is followed."""
        ...
