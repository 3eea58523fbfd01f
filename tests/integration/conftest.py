"""The engine of a test, on empty tables and an empty Redis."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from jobs.adapters.postgres.migrate import migrate
from support.engine import Engine, MakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def database(module_postgres_url: str) -> str:
    """The URL of a database with its schema, for the tests of one module."""
    migrate(module_postgres_url)
    return module_postgres_url


@pytest.fixture
def empty_database(database: str) -> str:
    """The same, emptied for this test."""
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("TRUNCATE jobs, api_keys CASCADE; UPDATE queues SET paused_at = NULL")
    return database


@pytest.fixture
def make_engine(empty_database: str, redis_url: str) -> Iterator[MakeEngine]:
    with ExitStack() as stack:

        def make(**more: Any) -> Engine:
            return stack.enter_context(closing(Engine(empty_database, redis_url, **more)))

        yield make


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()
