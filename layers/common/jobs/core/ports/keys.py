"""The API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from jobs.core.access import Key


class KeyStore(Protocol):
    """The API keys. Raises `StoreUnavailable`."""

    def find(self, key_id: str, job_id: UUID | None) -> tuple[Key | None, str | None]:
        """The key, and the owner of the job."""
        ...

    def add(self, key: Key) -> None:
        """Keep `key`."""
        ...

    def all(self) -> Sequence[Key]:
        """All keys, oldest first."""
        ...

    def revoke(self, key_id: str) -> bool:
        """Make a key worthless from now on; return whether there is one with this id."""
        ...
