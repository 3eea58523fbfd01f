"""The API keys in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from jobs.core.ports.api_keys import ApiKey


def _nobody(job_id: UUID) -> str | None:
    del job_id
    return None


class FakeKeys:
    """`ApiKeyStore` in a dictionary; `owners` tells whose a job is. `fault` is raised if set."""

    def __init__(self, owners: Callable[[UUID], str | None] = _nobody) -> None:
        self.fault: Exception | None = None
        self.owners = owners
        self._keys: dict[str, ApiKey] = {}

    def find(self, key_id: str, job_id: UUID | None) -> tuple[ApiKey | None, str | None]:
        self._check()
        try:
            owner = self.owners(job_id) if job_id else None
        except KeyError:
            owner = None
        return self._keys.get(key_id), owner

    def add(self, key: ApiKey) -> None:
        self._check()
        self._keys.setdefault(key.id, replace(key, created_at=datetime.now(UTC)))

    def all(self) -> list[ApiKey]:
        self._check()
        return [*self._keys.values()]

    def revoke(self, key_id: str) -> bool:
        self._check()
        found = self._keys.get(key_id)
        if found and not found.revoked_at:
            self._keys[key_id] = replace(found, revoked_at=datetime.now(UTC))
        return found is not None

    def _check(self) -> None:
        if self.fault:
            raise self.fault
