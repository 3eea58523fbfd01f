"""The members of an envelope that may be left out: what each may be, and what it is read as."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jobs.core.model import USUAL, Backoff, BackoffType, Priority, Problem
from jobs.core.words import kind, one_of, pointer, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MOST_ATTEMPTS = 25
"""The most attempts a job may ask for: waits double, so the last is 97 days long."""

LONGEST_DELAY = 365 * 86_400
"""Seconds a job may be put off for, and its unique key be held for."""

LONGEST_BACKOFF = 86_400
"""Seconds of the first wait after a failed attempt."""

MOST_TAGS, LONGEST_TAG, LONGEST_KEY = 20, 64, 200

LONGEST_URL = 2048

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_URL = re.compile(r"https?://[!-~]+\Z")
_LAST_YEAR = 2999
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)


def time(text: object) -> datetime | None:
    """A time as RFC 3339 writes it, with its offset from UTC; None for anything else."""
    if not isinstance(text, str) or not _TIME.match(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year <= _LAST_YEAR else None


def backoff(value: Mapping[str, Any] | None) -> Backoff:
    """The rule that `{"type"?, "seconds"?, "jitter"?}`, found in order, asks for."""
    value = value or {}
    return Backoff(
        BackoffType(value.get("type", USUAL.type)),
        float(value.get("seconds", USUAL.seconds)),
        value.get("jitter", USUAL.jitter),
    )


def problems(name: str, value: object) -> Iterator[Problem]:
    """What is wrong with `value` as the member `name` of an envelope."""
    yield from _RULES[name](f"/{name}", value)


def _rule(wanted: str, holds: Callable[[Any], bool]) -> Callable[[str, object], Iterator[Problem]]:
    def rule(where: str, value: object) -> Iterator[Problem]:
        if not holds(value):
            yield Problem(where, f"must be {wanted}, not {shown(value)}")

    return rule


def _number(least: float, most: float) -> Callable[[str, object], Iterator[Problem]]:
    return _rule(
        f"a number from {least:g} to {most:.15g}",
        lambda value: type(value) in (int, float) and least <= value <= most,
    )


def _whole(least: int, most: int) -> Callable[[str, object], Iterator[Problem]]:
    return _rule(
        f"a whole number from {least} to {most}",
        # 2.0 is one too, as JSON Schema has it.
        lambda value: type(value) in (int, float) and least <= value <= most and value % 1 == 0,
    )


def _text(most: int) -> Callable[[str, object], Iterator[Problem]]:
    return _rule(
        f"a string of 1 to {most} characters",
        lambda value: isinstance(value, str) and 1 <= len(value) <= most,
    )


def _tags(where: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, list) or len(value) > MOST_TAGS:
        yield Problem(where, f"must be a list of at most {MOST_TAGS} strings, not {kind(value)}")
        return
    for index, tag in enumerate(value):
        yield from _tag(pointer(where, index), tag)
        if tag in value[:index]:
            yield Problem(pointer(where, index), "is there twice")


def _backoff(where: str, value: object) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(where, f"must be an object, not {shown(value)}")
        return
    for name, member in value.items():
        if name in _BACKOFF_RULES:
            yield from _BACKOFF_RULES[name](f"{where}/{name}", member)
        else:
            yield Problem(pointer(where, name), f"is unknown: {one_of(_BACKOFF_RULES)}")


def _is_url(text: str) -> bool:
    if len(text) > LONGEST_URL or not _URL.match(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


_tag = _rule(
    f"a string of 1 to {LONGEST_TAG} characters, none of them a control character",
    # As in a query, or no job could be found by it.
    lambda value: (
        isinstance(value, str) and 1 <= len(value) <= LONGEST_TAG and not _CONTROL.search(value)
    ),
)

_BACKOFF_RULES = {
    "type": _rule(one_of(BackoffType), lambda value: value in list(BackoffType)),
    "seconds": _number(0, LONGEST_BACKOFF),
    "jitter": _rule("true or false", lambda value: isinstance(value, bool)),
}

_RULES = {
    "priority": _rule(one_of(Priority), lambda value: value in list(Priority)),
    "maxAttempts": _whole(1, MOST_ATTEMPTS),
    "runAt": _rule(
        "a time such as 2027-01-31T08:00:00Z, with its offset from UTC, "
        f"before the year {_LAST_YEAR + 1}",
        lambda value: time(value) is not None,
    ),
    "delaySeconds": _number(0, LONGEST_DELAY),
    "backoff": _backoff,
    "timeoutSeconds": _rule(
        "a number from 1", lambda value: type(value) in (int, float) and value >= 1
    ),
    "tags": _tags,
    "callbackUrl": _rule(
        f"an absolute http or https URL of up to {LONGEST_URL} ASCII characters, "
        "without a user in it",
        lambda value: isinstance(value, str) and _is_url(value),
    ),
    "uniqueKey": _text(LONGEST_KEY),
    "uniqueFor": _number(1, LONGEST_DELAY),
}

NAMES = tuple(_RULES)
