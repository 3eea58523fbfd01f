"""The API keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


class Scope(StrEnum):
    """What a key may do: submit, cancel and retry jobs; read them; everything, for all owners."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: not itself, but the SHA-256 of its secret, in hex.

    The secret is 256 random bits, so a slow hash would make nothing safer.
    """

    id: str
    owner: str
    scopes: frozenset[Scope]
    secret_hash: str
    created_at: datetime | None = None
    revoked_at: datetime | None = None


class ApiKeyStore(Protocol):
    """The API keys. Raises `StoreUnavailable`."""

    def find(self, key_id: str, job_id: UUID | None) -> tuple[ApiKey | None, str | None]:
        """The key, and the owner of the job."""
        ...

    def add(self, key: ApiKey) -> None:
        """Keep `key`."""
        ...

    def all(self) -> Sequence[ApiKey]:
        """All keys, oldest first."""
        ...

    def revoke(self, key_id: str) -> bool:
        """Make a key invalid from now on; return whether there is one with this id."""
        ...
