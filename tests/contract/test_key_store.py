"""What a `ApiKeyStore` does: the same on PostgreSQL and in memory."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from fakes.api_keys import FakeKeys
from jobs.adapters.postgres.api_keys import PostgresApiKeys
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.api_keys import new_key
from jobs.core.errors import StoreUnavailable
from jobs.core.job import NewJob
from jobs.core.ports.api_keys import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from jobs.core.ports.api_keys import ApiKeyStore


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[ApiKeyStore, Callable[..., UUID]]]:
    """A store, and a way to have a job of an owner."""
    if request.param == "memory":
        owned: dict[UUID, str | None] = {}

        def note(owner: str | None) -> UUID:
            job_id = uuid4()
            owned[job_id] = owner
            return job_id

        yield FakeKeys(owned.__getitem__), note
        return
    url = request.getfixturevalue("postgres_url")
    migrate(url)
    with closing(Connection(url)) as connection:

        def insert(owner: str | None) -> UUID:
            job = NewJob(uuid4(), "CSV_EXPORT", {}, owner=owner)
            return PostgresStore(connection).insert(job).id

        yield PostgresApiKeys(connection), insert


def test_a_key_is_found_as_it_was_added(both: tuple[ApiKeyStore, Callable[..., UUID]]) -> None:
    keys, _ = both
    key, _ = new_key("ann", frozenset({Scope.SUBMIT, Scope.READ}))
    keys.add(key)
    keys.add(key)  # again, after a lost answer
    found, owner = keys.find(key.id, None)
    assert found is not None
    assert (found.id, found.owner, found.scopes) == (key.id, "ann", key.scopes)
    assert found.secret_hash == key.secret_hash
    assert (found.revoked_at, owner) == (None, None)
    assert [each.id for each in keys.all()] == [key.id]


def test_the_owner_of_a_job_is_told_with_and_without_a_key(
    both: tuple[ApiKeyStore, Callable[..., UUID]],
) -> None:
    keys, job = both
    assert keys.find("0" * 16, job("bob")) == (None, "bob")
    assert keys.find("0" * 16, job(None)) == (None, None)
    assert keys.find("0" * 16, uuid4()) == (None, None)


def test_a_key_is_revoked_once(both: tuple[ApiKeyStore, Callable[..., UUID]]) -> None:
    keys, _ = both
    key, _ = new_key("ann", frozenset({Scope.READ}))
    keys.add(key)
    assert (keys.revoke("nobody's"), keys.revoke(key.id)) == (False, True)
    first, _ = keys.find(key.id, None)
    assert keys.revoke(key.id)
    second, _ = keys.find(key.id, None)
    assert first == second
    assert first is not None
    assert first.revoked_at is not None


def test_a_database_that_is_away_is_told(postgres_url: str) -> None:
    keys = PostgresApiKeys(Connection(postgres_url))
    with pytest.raises(StoreUnavailable):
        keys.all()
