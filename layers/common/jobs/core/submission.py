"""What a client asks for, and whether it may be asked: the envelope, not what is in the payload."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from jobs.core.errors import InvalidJob
from jobs.core.model import MAX_ATTEMPTS, Payload, Priority, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MOST_ATTEMPTS = 25
"""The most attempts a job may ask for: waits double, so the last is 97 days long."""

MOST_PROBLEMS = 20
"""Problems listed at most: a hostile body could have a million."""

_LONGEST_NAME = 60
_MEMBERS = ("type", "priority", "payload", "maxAttempts")
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Submission:
    """A job as it was asked for, its envelope found in order."""

    type: str
    payload: Payload
    priority: Priority = Priority.DEFAULT
    max_attempts: int = MAX_ATTEMPTS


def submission(envelope: object, types: Collection[str]) -> Submission:
    """Read `{"type", "priority"?, "payload", "maxAttempts"?}`, `types` being those there are.

    Raises `InvalidJob` with every problem there is, up to `MOST_PROBLEMS`.
    """
    if not isinstance(envelope, dict):
        raise InvalidJob([Problem("", f"must be an object, not {kind(envelope)}")])
    problems = list(islice(_problems(envelope, types), MOST_PROBLEMS))
    if problems:
        raise InvalidJob(problems)
    return Submission(
        envelope["type"],
        envelope["payload"],
        Priority(envelope.get("priority", Priority.DEFAULT)),
        envelope.get("maxAttempts", MAX_ATTEMPTS),
    )


def pointer(parent: str, name: str | int) -> str:
    """The JSON pointer to the member or item `name`; a very long name is cut off."""
    text = str(name).encode("utf-8", "replace").decode()
    if len(text) > _LONGEST_NAME:
        text = f"{text[:_LONGEST_NAME]}…"
    return f"{parent}/{text.replace('~', '~0').replace('/', '~1')}"


def kind(value: object) -> str:
    """What sort of JSON value this is, with its article."""
    return _KINDS[type(value)]


def _problems(envelope: Mapping[str, Any], types: Collection[str]) -> Iterator[Problem]:
    if "type" not in envelope:
        yield Problem("/type", f"is missing: {_one_of(types)}")
    elif envelope["type"] not in list(types):
        yield Problem("/type", f"must be {_one_of(types)}, not {_shown(envelope['type'])}")

    priority = envelope.get("priority", Priority.DEFAULT)
    if priority not in list(Priority):
        yield Problem("/priority", f"must be {_one_of(Priority)}, not {_shown(priority)}")

    if "payload" not in envelope:
        yield Problem("/payload", "is missing: an object")
    elif not isinstance(envelope["payload"], dict):
        yield Problem("/payload", f"must be an object, not {_shown(envelope['payload'])}")

    attempts = envelope.get("maxAttempts", MAX_ATTEMPTS)
    if type(attempts) is not int or not 1 <= attempts <= MOST_ATTEMPTS:
        wanted = f"a whole number from 1 to {MOST_ATTEMPTS}"
        yield Problem("/maxAttempts", f"must be {wanted}, not {_shown(attempts)}")

    for name in envelope:
        if name not in _MEMBERS:
            yield Problem(pointer("", name), f"is unknown: {_one_of(_MEMBERS)}")


def _one_of(words: Iterable[str]) -> str:
    return f"one of {', '.join(words)}"


def _shown(value: object) -> str:
    match value:
        case str() if len(value) <= _LONGEST_NAME:
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case int() | float() if len(text := str(value)) <= _LONGEST_NAME:
            return text
        case _:
            return kind(value)
