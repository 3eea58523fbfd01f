"""The API keys in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.adapters.postgres.statements import statement
from jobs.core.access import Key, Scope

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.adapters.postgres.connection import Connection, Row


class PostgresKeys:
    """`KeyStore` on PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, key_id: str, job_id: UUID | None) -> tuple[Key | None, str | None]:
        [row] = self._rows("find", id=key_id, job_id=str(job_id) if job_id else None)
        *key, job_owner = row
        return _key(tuple(key)) if key[0] else None, job_owner

    def add(self, key: Key) -> None:
        scopes = sorted(key.scopes)
        self._rows("insert", id=key.id, owner=key.owner, scopes=scopes, secret_hash=key.secret_hash)

    def all(self) -> list[Key]:
        return [_key(row) for row in self._rows("list")]

    def revoke(self, key_id: str) -> bool:
        return bool(self._rows("revoke", id=key_id))

    def _rows(self, query: str, **values: object) -> list[Row]:
        return self._connection.rows(statement(f"key_{query}"), values)


def _key(row: Row) -> Key:
    key_id, owner, scopes, secret_hash, created_at, revoked_at = row
    return Key(key_id, owner, frozenset(map(Scope, scopes)), secret_hash, created_at, revoked_at)
