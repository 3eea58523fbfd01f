"""The one database connection of an environment: bounded in time, re-opened when it broke."""

from __future__ import annotations

import re
import select
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import errors, extensions

from jobs.core.errors import (
    ConfigurationError,
    SchemaMissing,
    StoreTakesNoWrites,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]
"""The values of a row by the names of its columns."""

DEFAULT_TIMEOUT_SECONDS = 5.0

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"

TRIES = 3
"""Times a statement is sent: a connection may have died while the environment was frozen."""

_LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)
READ_ONLY = "takes no writes: it is read-only"
_REFUSED: dict[type[psycopg2.Error], str] = {
    errors.ReadOnlySqlTransaction: READ_ONLY,
    errors.DiskFull: "takes no writes: its disk is full",
    errors.ConfigurationLimitExceeded: "takes no writes: it has reached a limit of its settings",
    errors.InsufficientResources: "takes no writes: it lacks resources",
}
_NO_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)
# None of them is expected: what others may do at the same moment, the statements say in their rows.
_CLASHED = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_PASSING = (*_LOST, *_CLASHED)

_PORTS = re.compile(r"[0-9,]*")
_UNREADABLE = (
    "DATABASE_URL cannot be read: what has a meaning in a URL, such as @, / and %, is written as "
    "%40, %2F and %25 in its password"
)

_RELIED_ON = {
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "lock_timeout": "0",
    "client_min_messages": "error",
    "log_parameter_max_length_on_error": "0",
}
"""What the statements rely on, whatever a role, a database or a variable of libpq says.

Not here, because they are the operator's: `search_path` (where the tables are),
`default_transaction_read_only`, and `synchronous_commit`, which is reported.
"""

_NO_OPTIONS = re.compile("startup parameter|command-line options")
"""What the proxies say that take no `options`: PgBouncer, and RDS Proxy."""


class Session(extensions.connection):
    """A connection that is waited for until `deadline` (monotonic seconds)."""

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
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        on_schema_missing: Callable[[], object] = lambda: None,
    ) -> None:
        """`timeout`: seconds. `on_schema_missing` is called when a statement finds no schema."""
        self._url = url
        self._timeout = timeout
        self._on_schema_missing = on_schema_missing
        self._connection: Session | None = None

    def rows(
        self,
        query: str,
        values: Mapping[str, object],
        *,
        complete: Callable[[list[Row]], bool] = lambda _: True,
        all_or_none: bool = False,
    ) -> list[Row]:
        """Run `query` within the time-out in all and return its rows.

        `complete` says whether they are all there: one that another statement stored at the same
        moment is seen only by the next try. `all_or_none`: before that, this one is undone.

        Raises `StoreUnavailable`, `SchemaMissing` before the first migration, or
        `ConfigurationError`.
        """
        deadline = time.monotonic() + self._timeout
        run = partial(self._run_whole, complete) if all_or_none else self._run
        for tries_left in reversed(range(TRIES)):
            try:
                found = run(query, values, deadline)
            except psycopg2.Error as error:
                self._check(error, last=not tries_left or time.monotonic() >= deadline)
            else:
                if complete(found):
                    return found
        raise StoreUnavailable("others use the same rows")

    def _check(self, error: psycopg2.Error, *, last: bool) -> None:
        """Return if another try may help, and raise what has gone wrong if not."""
        if isinstance(error, _NO_SCHEMA):
            raise self.schema_missing() from error
        if not isinstance(error, _CLASHED):
            self.close()
        if type(error) in _REFUSED:
            raise StoreTakesNoWrites(_REFUSED[type(error)]) from error
        if last and isinstance(error, _PASSING):
            raise StoreUnavailable(_reason(error)) from error
        if not isinstance(error, _PASSING):
            # A defect of ours, to be logged; the server's text quotes the row, payload and all.
            raise type(error)(error.diag.message_primary) from None

    def _run(self, query: str, values: Mapping[str, object], deadline: float) -> list[Row]:
        connection = self._open(deadline)
        connection.deadline = deadline
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _run_whole(
        self,
        complete: Callable[[list[Row]], bool],
        query: str,
        values: Mapping[str, object],
        deadline: float,
    ) -> list[Row]:
        """As `_run`, and undo what it did if the rows are not complete."""
        connection = self._open(deadline)
        try:
            with connection.cursor() as cursor:
                cursor.execute(_BEGIN)
                found = self._run(query, values, deadline)
                cursor.execute("COMMIT" if complete(found) else "ROLLBACK")
        except BaseException:
            # With it ends its transaction.
            self.close()
            raise
        return found

    def _open(self, deadline: float) -> Session:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, deadline, self._timeout)
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


def _reason(error: psycopg2.Error) -> str:
    """What kind of error it is; the server's own words may hold an address and a user."""
    what = (
        "others use the same rows"
        if isinstance(error, _CLASHED)
        else "the database does not answer"
    )
    return f"{what}: {type(error).__name__}"


def connect(url: str, deadline: float, timeout: float) -> Session:
    """Open a connection in autocommit by `deadline` (monotonic seconds). The server ends what takes
    longer than `timeout` seconds.

    Raises `ConfigurationError` for a URL whose password would be taken for something else.
    """
    _check_url(url)
    own = extensions.parse_dsn(url).get("options", "")
    try:
        return _connect(url, deadline, f"{own} {_options(timeout)}")
    except psycopg2.OperationalError as error:
        if not _NO_OPTIONS.search(str(error)):
            raise
    # A proxy that takes none. Whether the server's own settings will do, the migration has seen.
    return _connect(url, deadline, own)


def _connect(url: str, deadline: float, options: str) -> Session:
    class Bounded(Session):
        pass

    Bounded.deadline = deadline
    connection: Session = psycopg2.connect(
        url,
        connection_factory=Bounded,
        application_name="sluice",
        client_encoding="UTF8",
        options=options,
    )
    connection.autocommit = True
    return connection


def _options(timeout: float) -> str:
    """The settings of a session, as they stand in its first message."""
    milliseconds = str(round(timeout * 1000))
    limits = dict.fromkeys(
        ("statement_timeout", "idle_in_transaction_session_timeout"), milliseconds
    )
    return " ".join(
        f"-c {name}={value.replace(' ', chr(92) + ' ')}"
        for name, value in (_RELIED_ON | limits).items()
    )


def _check_url(url: str) -> None:
    # A server that cannot be found is named in the log, and that may be a part of the password.
    try:
        parts = extensions.parse_dsn(url)
    except psycopg2.Error:
        raise ConfigurationError(_UNREADABLE) from None
    host, port, name = (parts.get(part, "") for part in ("host", "port", "dbname"))
    if "@" in host[1:] or "@" in name or not _PORTS.fullmatch(port):
        raise ConfigurationError(_UNREADABLE)
