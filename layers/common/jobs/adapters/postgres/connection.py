"""The one database connection of an environment: bounded in time, re-opened when it broke."""

from __future__ import annotations

import re
import select
import time
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import errors, extensions

from jobs.core.errors import ConfigurationError, SchemaMissing, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]
"""The values of a row by the names of its columns."""

TRIES = 3
"""Times a statement is sent: a connection may have died while the environment was frozen."""

_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)
_REFUSED = (errors.ReadOnlySqlTransaction, errors.InsufficientResources)
_NO_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)
# A key that was free when the statement looked may be taken when it writes, and a row that it needs
# may be there since: `raise_retryable_conflict()` of the schema.
_CLASHED = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)

_PORTS = re.compile(r"[0-9,]*")
_UNREADABLE = (
    "DATABASE_URL cannot be read: what has a meaning in a URL, such as @, / and %, is written as "
    "%40, %2F and %25 in its password"
)


class _Timed(extensions.connection):
    deadline = float("inf")


def _wait(connection: extensions.connection) -> None:
    """Wait for the server, though not past the deadline: a server that hangs says nothing."""
    deadline = getattr(connection, "deadline", float("inf"))
    while (state := connection.poll()) != extensions.POLL_OK:
        reading = [connection] if state == extensions.POLL_READ else []
        writing = [] if reading else [connection]
        left = max(0.0, min(deadline - time.monotonic(), 60.0))
        if not any(select.select(reading, writing, [], left)) and time.monotonic() >= deadline:
            message = "the server did not answer in time"
            raise psycopg2.OperationalError(message)


extensions.set_wait_callback(_wait)


class Connection:
    """Runs one statement at a time, each its own transaction; not to be shared by threads.

    Every statement that is run through it must be safe to send twice: when the connection is
    lost before the answer came, it is re-opened and the statement sent again.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 5.0,
        on_schema_missing: Callable[[], object] = lambda: None,
    ) -> None:
        """`timeout`: seconds. `on_schema_missing` is called when a statement finds no schema."""
        self._url = url
        self._timeout = timeout
        self._on_schema_missing = on_schema_missing
        self._connection: _Timed | None = None

    def rows(
        self, query: str, values: Mapping[str, object], *, timeout: float | None = None
    ) -> list[Row]:
        """Run `query` within `timeout` seconds in all and return its rows.

        Raises `StoreUnavailable`, `SchemaMissing` before the first migration, or
        `ConfigurationError`.
        """
        deadline = time.monotonic() + (timeout or self._timeout)
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                return self._run(query, values, deadline)
            except _NO_SCHEMA as error:
                raise self.schema_missing() from error
            except _CLASHED as error:
                if last:
                    message = f"others are using the same rows: {type(error).__name__}"
                    raise StoreUnavailable(message) from error
            except _REFUSED as error:
                self.close()
                raise StoreUnavailable(_reason(error)) from error
            except _LOST as error:
                self.close()
                if last or time.monotonic() >= deadline:
                    raise StoreUnavailable(_reason(error)) from error
            except psycopg2.Error as error:
                # A defect of ours, to be logged; the server's text quotes the row, payload and all.
                raise type(error)(error.diag.message_primary) from None
        raise AssertionError  # pragma: no cover - the last round returns or raises

    def _run(self, query: str, values: Mapping[str, object], deadline: float) -> list[Row]:
        connection = self._open(deadline)
        connection.deadline = deadline
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _open(self, deadline: float) -> _Timed:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, deadline)
        return self._connection

    def schema_missing(self) -> SchemaMissing:
        """The error to raise; whoever can create the schema is told."""
        self._on_schema_missing()
        return SchemaMissing()

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connect(url: str, deadline: float) -> _Timed:
    """Open a connection in autocommit by `deadline` (monotonic seconds).

    Raises `ConfigurationError` for a URL whose password would be taken for something else.
    """
    _check(url)

    class Bounded(_Timed):
        pass

    Bounded.deadline = deadline
    connection: _Timed = psycopg2.connect(
        url, connection_factory=Bounded, application_name="sluice"
    )
    connection.autocommit = True
    return connection


def _check(url: str) -> None:
    # A server that cannot be found is named in the log, and that may be a part of the password.
    try:
        parts = extensions.parse_dsn(url)
    except psycopg2.Error:
        raise ConfigurationError(_UNREADABLE) from None
    host, port, name = (parts.get(part, "") for part in ("host", "port", "dbname"))
    if "@" in host[1:] or "@" in name or not _PORTS.fullmatch(port):
        raise ConfigurationError(_UNREADABLE)


def _reason(error: psycopg2.Error) -> str:
    """What kind of error it is; the server's own words may hold an address and a user."""
    return f"the database does not answer: {type(error).__name__}"
