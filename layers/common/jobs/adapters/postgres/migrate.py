"""Bring the schema up to date: plain SQL files in the order of their names, forward only."""

from __future__ import annotations

import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from jobs.adapters.postgres.connection import connect
from jobs.core.errors import ConfigurationError, StoreUnavailable

if TYPE_CHECKING:
    from psycopg2 import extensions

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_582_423
"""The advisory lock that lets one deployment migrate while others wait for it."""

_HARMFUL = """
SELECT name, setting
FROM pg_settings
WHERE (name = 'default_transaction_isolation' AND setting <> 'read committed')
   OR (name = 'extra_float_digits' AND setting::integer < 1)
ORDER BY name
"""


def migrate(url: str, *, timeout: float = 60.0) -> list[str]:
    """Apply the missing migrations, in one transaction; return the names of their files.

    Safe to run from several places at once: the first does it, the others find it done.
    Raises `StoreUnavailable`, or `ConfigurationError` for a database that cannot hold what the API
    accepts; then nothing was changed.
    """
    try:
        with closing(connect(url, time.monotonic() + timeout, timeout)) as connection:
            _check_encoding(connection)
            with connection.cursor() as cursor:
                _check_settings(cursor)
                return _apply(cursor) if _missing(cursor) else []
    except psycopg2.Error as error:
        message = f"the schema could not be brought up to date: {str(error).strip()}"
        raise StoreUnavailable(message) from error


def _check_encoding(connection: extensions.connection) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise ConfigurationError(
            f"DATABASE_URL names a database with the encoding {encoding}, which cannot hold every "
            "text: it must be UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)"
        )


def _check_settings(cursor: extensions.cursor) -> None:
    cursor.execute(_HARMFUL)
    for name, setting in cursor.fetchall():
        # A connection says otherwise, unless the proxy before the server takes no settings.
        raise ConfigurationError(
            f"DATABASE_URL leads to sessions with {name} = {setting}, and the proxy there lets no "
            "session choose it: reset it (ALTER ROLE … RESET, ALTER DATABASE … RESET)"
        )


def _apply(cursor: extensions.cursor) -> list[str]:
    cursor.execute("BEGIN")
    # A lock that is not had soon would hold up every client behind this one.
    cursor.execute("SET LOCAL lock_timeout = '10s'")
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    missing = _missing(cursor)
    for file in missing:
        cursor.execute(file.read_text("utf-8"))
        cursor.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (file.name,))
    cursor.execute("COMMIT")
    return [file.name for file in missing]


@cache
def latest_migration() -> str:
    """The name of the migration that this code needs."""
    return _files()[-1].name


def _files() -> list[Path]:
    return sorted(MIGRATIONS.glob("*.sql"))


def _missing(cursor: extensions.cursor) -> list[Path]:
    cursor.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied: set[str] = set()
    if cursor.fetchone() == (True,):
        cursor.execute("SELECT name FROM schema_migrations")
        applied = {name for (name,) in cursor.fetchall()}
    return [file for file in _files() if file.name not in applied]
