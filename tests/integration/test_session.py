"""A session relies on nothing that a role, a database, a variable or a proxy may say otherwise."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import sql

from jobs.adapters.postgres.connection import Connection, connect
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.claim import Candidate
from jobs.core.errors import ConfigurationError, StoreUnavailable
from jobs.core.job import Backoff, Job, NewJob, Priority
from jobs.core.ports.store import Filters
from jobs.core.retry import Succeeded, decide
from outside.pooler import PGBOUNCER, RDS_PROXY, pooler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.servers.postgres import Postgres

HOSTILE = {
    "client_encoding": "LATIN1",
    "DateStyle": "German, DMY",
    "TimeZone": "Asia/Kathmandu",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "client_min_messages": "debug5",
    "log_parameter_max_length_on_error": "-1",
    "bytea_output": "escape",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
}
"""What `ALTER ROLE` and `ALTER DATABASE` may set for every session."""

TEXT = "€ ü 你好 🙂 \\ ' \" \\' NULL {a,b}"
AT = datetime(2031, 5, 4, 3, 2, 1, 123456, UTC)
SECONDS = 1234.5678901234567


def alter(url: str, whom: str, settings: dict[str, str]) -> None:
    """Set these for the sessions that begin from now on: `whom` is DATABASE or ROLE."""
    name = psycopg2.extensions.parse_dsn(url)["dbname"]
    database = sql.SQL("DATABASE {}").format(sql.Identifier(name))
    to = database if whom == "DATABASE" else sql.SQL("ROLE CURRENT_USER IN ") + database
    with closing(psycopg2.connect(url, options="-c statement_timeout=0")) as aside:
        aside.autocommit = True
        for setting, value in settings.items():
            statement = sql.SQL("ALTER {} SET {} = {}").format(
                to, sql.Identifier(setting), sql.Literal(value)
            )
            with aside.cursor() as cursor:
                cursor.execute(statement)


def live(store: PostgresStore) -> tuple[list[Job], dict[str, Any]]:
    """A job's life; how it looked on the way, and the payload that was claimed."""
    new = NewJob(
        uuid4(),
        "TYPE",
        {"text": TEXT, "number": 0.1},
        tags=(TEXT, "b"),
        backoff=Backoff(seconds=SECONDS),
        unique_key=TEXT,
    )
    scheduled = NewJob(uuid4(), "TYPE", {}, run_at=AT)
    looks = store.insert_all([new, scheduled])
    found = store.claim(
        [Candidate(new.id, Priority.DEFAULT, 0.0)], uuid4(), lease=60, request_id=TEXT
    )
    [claim] = found.claims
    looks += [job for job in [store.get(new.id)] if job]
    store.settle([decide(claim, Succeeded({"text": TEXT}))])
    looks += store.page(Filters(tag=TEXT, after=datetime(2020, 1, 1, tzinfo=UTC)), None, 10)
    looks += [job for job in [store.get(new.id), store.get(scheduled.id)] if job]
    return looks, claim.payload


def check(url: str) -> None:
    """Whether a job's life is what it ought to be, through sessions at `url`."""
    with closing(Connection(url)) as connection:
        first, second, processing, listed, ended, scheduled = live(PostgresStore(connection))[0]
        _, payload = live(PostgresStore(connection))
    assert payload == {"text": TEXT, "number": 0.1}
    for job in (first, processing, listed, ended):
        assert (job.tags, job.unique_key) == ((TEXT, "b"), TEXT)
        assert job.backoff.seconds == SECONDS
        assert abs(datetime.now(UTC) - job.created_at).total_seconds() < 3600
    assert (second.due_at, scheduled.due_at) == (AT, AT)
    assert second.due_in == pytest.approx((AT - datetime.now(UTC)).total_seconds(), abs=3600)
    assert listed.result == ended.result == {"text": TEXT}
    assert ended.history[0].request_id == TEXT
    assert abs(ended.history[0].ended_at - ended.updated_at).total_seconds() < 1


@pytest.mark.parametrize("setting", HOSTILE)
def test_what_a_database_sets_changes_nothing(postgres_url: str, setting: str) -> None:
    alter(postgres_url, "DATABASE", {setting: HOSTILE[setting]})
    migrate(postgres_url)
    check(postgres_url)


@pytest.mark.parametrize("whom", ["DATABASE", "ROLE"])
def test_all_of_it_at_once_changes_nothing(
    postgres_url: str, whom: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alter(postgres_url, whom, HOSTILE)
    monkeypatch.setenv("PGOPTIONS", "-c extra_float_digits=-15 -c statement_timeout=1")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    monkeypatch.setenv("PGTZ", "Pacific/Chatham")
    migrate(postgres_url)
    check(postgres_url)


def test_what_the_url_asks_for_besides_is_kept(postgres_url: str) -> None:
    with closing(psycopg2.connect(postgres_url)) as aside, aside, aside.cursor() as cursor:
        cursor.execute("CREATE SCHEMA sluice")
    url = f"{postgres_url}?options=-c%20search_path%3Dsluice%20-c%20extra_float_digits%3D-15"
    migrate(url)
    check(url)
    with closing(psycopg2.connect(postgres_url)) as aside, aside.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sluice.jobs")
        assert cursor.fetchone() == (4,)


def test_the_server_ends_what_its_client_has_given_up(postgres_url: str) -> None:
    with closing(connect(postgres_url, time.monotonic() + 60, timeout=0.3)) as session:
        with pytest.raises(psycopg2.errors.QueryCanceled):
            session.cursor().execute("SELECT pg_sleep(60)")
        session.cursor().execute("BEGIN")
        time.sleep(1)
        with pytest.raises(psycopg2.OperationalError):
            session.cursor().execute("COMMIT")


# Databases that cannot hold everything


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_a_database_of_another_encoding_is_refused_by_name(
    postgres_server: Postgres, encoding: str
) -> None:
    name = f"test_{uuid4().hex}"
    with closing(psycopg2.connect(postgres_server.url("postgres"))) as aside:
        aside.autocommit = True
        with aside.cursor() as cursor:
            cursor.execute(
                f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
            )
    url = postgres_server.url(name)
    with pytest.raises(ConfigurationError, match=f"^DATABASE_URL .* {encoding}.*UTF8"):
        migrate(url)
    with closing(psycopg2.connect(url)) as aside, aside.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
    postgres_server.drop_database(name)


# Proxies that take no settings


@pytest.fixture(params=[PGBOUNCER, RDS_PROXY], ids=["PgBouncer", "RDS Proxy"])
def proxied(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    port = int(psycopg2.extensions.parse_dsn(postgres_url)["port"])
    with pooler(port, request.param) as proxy:
        yield postgres_url.replace(f":{port}/", f":{proxy.port}/")
        assert proxy.refused


def test_a_proxy_that_takes_no_settings_is_done_without_them(proxied: str) -> None:
    migrate(proxied)
    check(proxied)


HARMLESS = HOSTILE.keys() - {
    "extra_float_digits",
    "default_transaction_isolation",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
}


def test_through_a_proxy_most_settings_change_nothing(proxied: str, postgres_url: str) -> None:
    alter(postgres_url, "DATABASE", {name: HOSTILE[name] for name in HARMLESS})
    migrate(proxied)
    check(proxied)


@pytest.mark.parametrize("setting", ["extra_float_digits", "default_transaction_isolation"])
def test_what_would_do_harm_through_a_proxy_is_refused_by_name(
    proxied: str, postgres_url: str, setting: str
) -> None:
    alter(postgres_url, "DATABASE", {setting: HOSTILE[setting]})
    with pytest.raises(ConfigurationError, match=f"^DATABASE_URL .*{setting}.*RESET"):
        migrate(proxied)


def test_time_limits_of_the_role_count_through_a_proxy(proxied: str, postgres_url: str) -> None:
    migrate(proxied)
    alter(postgres_url, "DATABASE", {"statement_timeout": "1ms"})
    with closing(Connection(proxied)) as connection, pytest.raises(StoreUnavailable):
        connection.rows("SELECT pg_sleep(1)", {})
