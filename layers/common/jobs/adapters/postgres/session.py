"""A session with the server: what its first message says, and how it is waited for."""

from __future__ import annotations

import re
import select
import time

import psycopg2
from psycopg2 import extensions

from jobs.core.errors import ConfigurationError

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
