"""The engine of a test, on empty tables and an empty Redis."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

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
def make_engine(database: str, redis_url: str) -> Iterator[MakeEngine]:
    with ExitStack() as stack:

        def make(**more: Any) -> Engine:
            return stack.enter_context(closing(Engine(database, redis_url, **more)))

        make().sql("TRUNCATE jobs CASCADE; UPDATE queues SET paused_at = NULL")
        yield make


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()
