"""The API keys in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.adapters.postgres.statements import statement
from jobs.core.ports.api_keys import ApiKey, Scope

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.adapters.postgres.connection import Connection, Row


class PostgresApiKeys:
    """`ApiKeyStore` on PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, key_id: str, job_id: UUID | None) -> tuple[ApiKey | None, str | None]:
        [row] = self._rows("find_api_key", id=key_id, job_id=str(job_id) if job_id else None)
        return _key(row) if row["id"] else None, row["job_owner"]

    def add(self, key: ApiKey) -> None:
        self._rows(
            "insert_api_key",
            id=key.id,
            owner=key.owner,
            scopes=sorted(key.scopes),
            secret_hash=key.secret_hash,
        )

    def all(self) -> list[ApiKey]:
        return [_key(row) for row in self._rows("list_api_keys")]

    def revoke(self, key_id: str) -> bool:
        return bool(self._rows("revoke_api_key", id=key_id))

    def _rows(self, query: str, **values: object) -> list[Row]:
        return self._connection.rows(statement(query), values)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        row["id"],
        row["owner"],
        frozenset(map(Scope, row["scopes"])),
        row["secret_hash"],
        row["created_at"],
        row["revoked_at"],
    )
