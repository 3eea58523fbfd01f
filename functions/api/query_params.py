"""Read query strings. Unknown names and values are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from api.problems import InvalidQuery
from jobs.core.job import Priority, Status
from jobs.core.list_jobs import DEFAULT_PAGE_JOBS, MAX_PAGE_JOBS
from jobs.core.ports.store import Filters
from jobs.core.read import DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS
from jobs.core.schema import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from enum import StrEnum

    from chalice.app import Request

Value = TypeVar("Value")
Word = TypeVar("Word", bound="StrEnum")

INCLUDES = ("attempts", "payload", "options")

_MAX_CHARACTERS = 200
_MAX_TYPES = 20
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_WHOLE = re.compile(r"[1-9][0-9]{0,8}\Z")
_SECONDS = re.compile(r"[0-9]{1,3}\Z")
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,12}\.[0-9]{6})"?\Z')
_SPACE_FOR_PLUS = re.compile(r" (?=\d\d:\d\d\Z)")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of the list a request asks for."""

    filters: Filters
    limit: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class PollRequest:
    """The version of the job that the client knows, and the seconds that it is ready to wait."""

    since: str | None
    wait: float


@dataclass(frozen=True, slots=True)
class FailedJobs:
    """Which failed jobs: of this type (None: of any), and failed since then (None: ever)."""

    type: str | None
    since: datetime | None


def check(names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `InvalidQuery` if one of `names` is not among the `known` parameters."""
    known = tuple(known)
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise InvalidQuery(f"{name[:60]!r} is unknown: there is {there}")


def includes(request: Request) -> frozenset[str]:
    """What `include` adds to the job itself: a list with commas, or several. Raises
    `InvalidQuery`."""
    values = [word for each in _values(request, "include") for word in each.split(",")]
    _refuse_others("include", values, INCLUDES)
    return frozenset(values)


def page_request(request: Request) -> PageRequest:
    """Read the parameters of the list. Raises `InvalidQuery`."""
    filters = Filters(
        _words(request, "status", Status),
        _types(request),
        _words(request, "priority", Priority),
        _one(request, "tag", lambda value: _text("tag", value)),
        _one(request, "createdAfter", lambda value: _time("createdAfter", value)),
        _one(request, "createdBefore", lambda value: _time("createdBefore", value)),
    )
    limit = _one(request, "limit", _limit)
    return PageRequest(filters, limit or DEFAULT_PAGE_JOBS, _one(request, "cursor", str))


def failed_jobs(request: Request) -> FailedJobs:
    """Read which failed jobs are to be retried. Raises `InvalidQuery`."""
    return FailedJobs(
        _one(request, "type", lambda value: _text("type", value)),
        _one(request, "since", lambda value: _time("since", value)),
    )


def long_poll(request: Request) -> PollRequest:
    """Read the parameters of a long poll. Raises `InvalidQuery`."""
    wait = _one(request, "wait", _wait)
    return PollRequest(
        _one(request, "since", _since), DEFAULT_WAIT_SECONDS if wait is None else wait
    )


def _one(request: Request, name: str, read: Callable[[str], Value]) -> Value | None:
    """The value of a parameter that may be given once; None: it is not given."""
    values = _values(request, name)
    if len(values) > 1:
        raise InvalidQuery(f"{name} may be given once")
    return read(values[0]) if values else None


def _time(name: str, value: str) -> datetime:
    """A time with its offset. In a query string, its + may have become a space."""
    found = parse_time(_SPACE_FOR_PLUS.sub("+", value))
    if found is None:
        wanted = "a time such as 2027-01-31T08:00:00Z, with its offset from UTC"
        raise InvalidQuery(f"{name} must be {wanted}, not {value[:60]!r}")
    return found


def _wait(value: str) -> float:
    if not _SECONDS.match(value) or float(value) > MAX_WAIT_SECONDS:
        wanted = f"whole seconds from 0 to {MAX_WAIT_SECONDS:g}"
        raise InvalidQuery(f"wait must be {wanted}, not {value[:60]!r}")
    return float(value)


def _since(value: str) -> str:
    """An `updatedAt`, or an ETag with its wrapping or without."""
    value = _SPACE_FOR_PLUS.sub("+", value)
    if parse_time(value):
        return value
    if found := _VERSION.match(value):
        return found[1]
    wanted = "the updatedAt or the ETag of an answer"
    raise InvalidQuery(f"since must be {wanted}, not {value[:60]!r}")


def _limit(value: str) -> int:
    if not _WHOLE.match(value) or int(value) > MAX_PAGE_JOBS:
        raise InvalidQuery(
            f"limit must be a whole number from 1 to {MAX_PAGE_JOBS}, not {value[:60]!r}"
        )
    return int(value)


def _words(request: Request, name: str, words: type[Word]) -> tuple[Word, ...]:
    values = _values(request, name)
    _refuse_others(name, values, words)
    return tuple(word for word in words if word in values) or tuple(words)


def _types(request: Request) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(_text("type", value) for value in _values(request, "type")))
    if len(values) > _MAX_TYPES:
        raise InvalidQuery(f"type may be given {_MAX_TYPES} times at most")
    return values


def _text(name: str, value: str) -> str:
    if not 1 <= len(value) <= _MAX_CHARACTERS or _UNFIT.search(value):
        wanted = f"1 to {_MAX_CHARACTERS} characters, none of them a control character"
        raise InvalidQuery(f"{name} must have {wanted}")
    return value


def _refuse_others(name: str, values: Iterable[str], words: Iterable[str]) -> None:
    for value in values:
        if value not in list(words):
            raise InvalidQuery(f"{name} may be {', '.join(words)}, not {value[:60]!r}")


def _values(request: Request, name: str) -> list[str]:
    query = request.query_params
    return [*query.getlist(name)] if query and name in query else []
