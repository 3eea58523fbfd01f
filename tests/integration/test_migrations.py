"""The schema grows under code that knows nothing of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg2
import pytest
import yaml

from jobs.adapters.postgres import migrate as migrating
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import MIGRATIONS, migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.errors import SchemaMissing
from support.template import OPENAPI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Run = Callable[..., list[tuple[object, ...]]]

FIRST = ("0000_schema_migrations.sql", "0001_create_jobs.sql")
INSERT = "INSERT INTO jobs (id, type, payload) VALUES (%s, 'CSV_EXPORT', '{}')"


@pytest.fixture
def run(postgres_url: str) -> Iterator[Run]:
    with closing(psycopg2.connect(postgres_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def statement(query: str, *values: object) -> list[tuple[object, ...]]:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

        yield statement


@pytest.fixture
def first_schema(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database as the first release left it."""
    migrate_to(FIRST, postgres_url, tmp_path, monkeypatch)
    return postgres_url


def migrate_to(
    names: Sequence[str], url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names:
        (folder / name).write_text((MIGRATIONS / name).read_text())
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "MIGRATIONS", folder)
        assert migrate(url) == [*names]


def test_every_migration_has_the_next_number() -> None:
    numbers = [int(file.name.split("_")[0]) for file in sorted(MIGRATIONS.glob("*.sql"))]
    assert numbers == list(range(len(numbers)))


def test_rows_that_are_there_get_the_defaults(first_schema: str, run: Run) -> None:
    job_id = str(uuid4())
    run(INSERT, job_id)
    assert migrate(first_schema)
    [row] = run(
        "SELECT tags, backoff, backoff_seconds, backoff_jitter, timeout_seconds, owner,"
        " idempotency_key, unique_key, cancel_requested_at, progress, callback_url FROM jobs"
    )
    assert row == ([], "exponential", 1.0, False, *[None] * 7)


def test_the_statements_of_the_first_release_go_on_working(first_schema: str, run: Run) -> None:
    migrate(first_schema)
    job_id, token = str(uuid4()), str(uuid4())
    run(INSERT, job_id)
    run(
        "UPDATE jobs SET status = 'processing', attempts = attempts + 1, token = %s,"
        " lease_until = now(), started_at = now() WHERE id = %s",
        token,
        job_id,
    )
    run("UPDATE jobs SET status = 'failed', lease_until = NULL, error = 'no' WHERE id = %s", job_id)
    run(
        "INSERT INTO job_attempts (job_id, token, number, started_at, ended_at, outcome)"
        " VALUES (%s, %s, 1, now(), now(), 'failed')",
        job_id,
        token,
    )
    assert run("SELECT status FROM jobs") == [("failed",)]


TAGGED = """
WITH stored AS (
    INSERT INTO jobs (id, type, payload, tags, owner)
    VALUES (%s, 'CSV_EXPORT', '{}', '{b,a}', 'me')
    RETURNING *
), tagged AS (
    INSERT INTO job_tags (tag, created_at, job_id)
    SELECT tag, created_at, id FROM stored, unnest(tags) AS tag
)
SELECT id FROM stored
"""


def test_tags_know_their_jobs_whoever_wrote_them(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    names = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    before = [name for name in names if name < "0006"]
    migrate_to(before, postgres_url, tmp_path, monkeypatch)
    run(TAGGED, str(uuid4()))
    migrate(postgres_url)
    run(TAGGED, str(uuid4()))
    run("UPDATE jobs SET status = 'cancelled'")
    rows = run(
        "SELECT tag, t.owner, t.type, t.status, t.priority, t.created_at = jobs.created_at"
        " FROM job_tags AS t JOIN jobs ON id = job_id ORDER BY jobs.created_at, tag"
    )
    assert rows == 2 * [
        (tag, "me", "CSV_EXPORT", "cancelled", "default", True) for tag in ("a", "b")
    ]


def test_what_the_schema_lacks_is_said_to_be_missing(first_schema: str) -> None:
    with closing(Connection(first_schema)) as connection, pytest.raises(SchemaMissing):
        connection.rows("SELECT FROM reopen_job(gen_random_uuid())", {})


def test_health_misses_what_the_latest_migration_makes(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    migrate_to(names[:-1], postgres_url, tmp_path, monkeypatch)
    with closing(Connection(postgres_url)) as connection:
        store = PostgresStore(connection)
        with pytest.raises(SchemaMissing):
            store.ping()
        assert migrate(postgres_url) == names[-1:]
        store.ping()


def test_a_status_that_there_is_not_is_refused(first_schema: str, run: Run) -> None:
    migrate(first_schema)
    run(INSERT, str(uuid4()))
    with pytest.raises(psycopg2.errors.CheckViolation):
        run("UPDATE jobs SET status = 'paused'")
    run("UPDATE jobs SET status = 'cancelled'")


def test_overview_shows_the_members_that_every_job_has(postgres_url: str, run: Run) -> None:
    migrate(postgres_url)
    run(INSERT, str(uuid4()))
    columns = run(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'jobs_overview' ORDER BY ordinal_position"
    )
    always = yaml.safe_load(OPENAPI.read_text())["components"]["schemas"]["Job"]["required"]
    assert [name for (name,) in columns] == always
    [row] = run("SELECT type, status, priority, attempts, result, error FROM jobs_overview")
    assert row == ("CSV_EXPORT", "pending", "default", 0, None, None)
