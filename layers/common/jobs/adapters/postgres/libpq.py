"""Statements whose values are sent apart from their text, by the libpq that psycopg2 has loaded.

psycopg2 writes the values into the statement. PostgreSQL shows the text of a statement in its log
if it fails, in its views while it runs, and to whoever waits for its locks: payloads and all. The
functions of libpq that keep values apart are called on psycopg2's own connection, which it gives
out for that as `pgconn_ptr`; its types convert the answer.
"""

from __future__ import annotations

import re
import select
import time
from ctypes import PyDLL, c_char_p, c_uint, c_void_p
from functools import cache
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import _psycopg, errors, extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = dict[str, Any]
"""The values of a row by the names of its columns."""

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\""})
_COMMAND_OK, _TUPLES_OK = 1, 2
_SQLSTATE, _MESSAGE = ord("C"), ord("M")
_WAIT_SECONDS = 60.0
_LOST = "the connection was lost"
_UUID = 2950

# Not CDLL, which lets other threads have the interpreter during each call: none of these waits.
# Without `argtypes`, which take longer than the calls themselves: pointers are `c_void_p`.
_pq = PyDLL(_psycopg.__file__)
_pq.PQclear.restype = None
_pq.PQftype.restype = c_uint
_pq.PQgetResult.restype = c_void_p
_pq.PQfname.restype = _pq.PQgetvalue.restype = _pq.PQresultErrorField.restype = c_char_p

_READERS: Mapping[int, Callable[[bytes], Any]] = {
    oid: read
    for read, types in (
        (b"t".__eq__, extensions.BOOLEAN.values),
        (int, extensions.INTEGER.values + extensions.LONGINTEGER.values),
        (float, extensions.FLOAT.values),
        (bytes.decode, (*psycopg2.STRING.values, _UUID)),
    )
    for oid in types
}
"""Of the most frequent types, by their numbers; psycopg2 has readers of all others."""


def execute(
    connection: extensions.connection, query: str, values: Mapping[str, object], deadline: float
) -> list[Row]:
    """Run one statement, in which `%(name)s` stands for a value, until `deadline` (monotonic
    seconds).

    Raises the error of psycopg2 for the server's code, without the server's details, which quote
    values. After an `OperationalError` the connection is of no use any more.
    """
    text, names = _numbered(query)
    sent = [_written(values[name]) for name in names]
    pointer = _pointer(connection)
    array = (c_char_p * len(sent))(*sent)
    if not _pq.PQsendQueryParams(pointer, text, len(sent), None, array, None, None, 0):
        raise psycopg2.OperationalError("the statement could not be sent")
    _flush(connection, pointer, deadline)
    result = _next_result(connection, pointer, deadline)
    if result is None:
        raise psycopg2.OperationalError(_LOST)
    try:
        return _answer(connection, result)
    finally:
        while result is not None:
            _pq.PQclear(result)
            result = _next_result(connection, pointer, deadline)


def wait(
    connection: extensions.connection, deadline: float, *, read: bool, write: bool
) -> tuple[bool, bool]:
    """Wait until the server has sent something (`read`), or takes something (`write`); which.

    Raises `OperationalError` at `deadline` (monotonic seconds): a server that hangs says nothing.
    """
    while True:
        left = max(0.0, min(deadline - time.monotonic(), _WAIT_SECONDS))
        readable, writable, _ = select.select(
            [connection] if read else [], [connection] if write else [], [], left
        )
        if readable or writable:
            return bool(readable), bool(writable)
        if time.monotonic() >= deadline:
            raise psycopg2.OperationalError("the server did not answer in time")


@cache
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as PostgreSQL has it, with `$1` for the first of the names."""
    names = tuple(dict.fromkeys(_PLACEHOLDER.findall(query)))
    places = {name: f"${number}" for number, name in enumerate(names, start=1)}
    return _PLACEHOLDER.sub(lambda found: places[found[1]], query).encode(), names


def _written(value: object) -> bytes | None:
    """A value as PostgreSQL reads it. Raises `ValueError` for a text that it cannot hold."""
    if value is None:
        return None
    if isinstance(value, bool):
        return b"t" if value else b"f"
    text = _array(value) if isinstance(value, list) else str(value)
    if "\x00" in text:
        # It would end there.
        raise ValueError("a value holds U+0000, which PostgreSQL cannot")
    return text.encode()


def _pointer(connection: extensions.connection) -> c_void_p:
    if connection.pgconn_ptr is None:
        raise psycopg2.InterfaceError("the connection is closed")
    return c_void_p(connection.pgconn_ptr)


def _array(items: Sequence[str]) -> str:
    quoted = ",".join(f'"{item.translate(_QUOTED)}"' for item in items)
    return f"{{{quoted}}}"


def _flush(connection: extensions.connection, pointer: c_void_p, deadline: float) -> None:
    """Send all of the statement."""
    while unsent := _pq.PQflush(pointer):
        if unsent < 0:
            raise psycopg2.OperationalError(_LOST)
        # A server that cannot write its answer reads nothing more.
        readable, _ = wait(connection, deadline, read=True, write=True)
        if readable:
            _consume(pointer)


def _next_result(
    connection: extensions.connection, pointer: c_void_p, deadline: float
) -> c_void_p | None:
    """The next result, to be freed; None after the last, when the connection is ready again."""
    # PQgetResult would wait too, though for ever, and no other thread would run.
    while _pq.PQisBusy(pointer):
        wait(connection, deadline, read=True, write=False)
        _consume(pointer)
    result = _pq.PQgetResult(pointer)
    return None if result is None else c_void_p(result)


def _consume(pointer: c_void_p) -> None:
    if not _pq.PQconsumeInput(pointer):
        raise psycopg2.OperationalError(_LOST)


def _answer(connection: extensions.connection, result: c_void_p) -> list[Row]:
    if _pq.PQresultStatus(result) not in (_COMMAND_OK, _TUPLES_OK):
        raise _error(result)
    columns = [
        (column, _pq.PQfname(result, column).decode(), _reader(connection, result, column))
        for column in range(_pq.PQnfields(result))
    ]
    get, is_null = _pq.PQgetvalue, _pq.PQgetisnull
    return [
        {
            # An empty text is there for NULL too.
            name: read(text)
            if (text := get(result, row, column)) or not is_null(result, row, column)
            else None
            for column, name, read in columns
        }
        for row in range(_pq.PQntuples(result))
    ]


def _error(result: c_void_p) -> psycopg2.Error:
    code = _pq.PQresultErrorField(result, _SQLSTATE)
    message = _pq.PQresultErrorField(result, _MESSAGE)
    if code is None:
        return psycopg2.OperationalError(_LOST)
    try:
        kind = errors.lookup(code.decode())
    except KeyError:
        kind = psycopg2.DatabaseError
    found: psycopg2.Error = kind(message.decode("utf-8", "replace"))
    return found


def _reader(
    connection: extensions.connection, result: c_void_p, column: int
) -> Callable[[bytes], Any]:
    """What makes a value of a text of this column, other than NULL."""
    oid = _pq.PQftype(result, column)
    if oid in _READERS:
        return _READERS[oid]
    read, cursor = extensions.string_types.get(oid, extensions.UNICODE), connection.cursor()
    return lambda text: read(text, cursor)
