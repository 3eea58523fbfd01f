"""Stores and queues for the behavioural suites, each with a way to let time go by."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
import pytest

from fakes.clock import FakeClock
from fakes.store import FakeStore
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from support.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

# What happened moves into the past, which is as good as waiting.
ADVANCE = """
WITH shift AS (SELECT make_interval(secs => %(seconds)s) AS by),
attempts AS (
    UPDATE job_attempts
    SET started_at = started_at - by, ended_at = ended_at - by
    FROM shift
)
UPDATE jobs
SET due_at = due_at - by,
    lease_until = lease_until - by,
    started_at = started_at - by,
    created_at = created_at - by,
    updated_at = updated_at - by
FROM shift
"""


@pytest.fixture(params=["fake", "postgres"])
def rows(request: pytest.FixtureRequest) -> Rows:
    found: Rows = request.getfixturevalue(f"{request.param}_rows")
    return found


@pytest.fixture
def fake_rows() -> Rows:
    clock = FakeClock()
    return Rows(FakeStore(clock), clock.advance)


@pytest.fixture(scope="module")
def migrated_url(module_postgres_url: str) -> str:
    migrate(module_postgres_url)
    return module_postgres_url


@pytest.fixture
def postgres_rows(migrated_url: str) -> Iterator[Rows]:
    with (
        closing(psycopg2.connect(migrated_url)) as aside,
        closing(Connection(migrated_url)) as connection,
        aside.cursor() as cursor,
    ):
        aside.autocommit = True
        cursor.execute("TRUNCATE jobs CASCADE")
        yield Rows(
            PostgresStore(connection), lambda seconds: cursor.execute(ADVANCE, {"seconds": seconds})
        )
