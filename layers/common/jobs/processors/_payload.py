"""Reading a payload: what is missing or wrong fails the attempt with a message that says so.

Such an attempt is tried again like any other, because the contract has it so: a payload is the
processor's to judge, and a job whose payload is wrong is `failed` after its last attempt.
"""

from __future__ import annotations

from itertools import islice
from json import JSONEncoder
from typing import TYPE_CHECKING, Any, Final

from jobs.core.errors import AttemptFailed

if TYPE_CHECKING:
    from jobs.core.job import Payload

_SHOWN = 60
"""Characters of a wrong value, as JSON, that its message shows."""


_ENCODER = JSONEncoder(ensure_ascii=False)

MISSING: Final = object()
"""Stands for a member that was not sent; `None` is one that was sent as null."""


class Keywords(dict[str, Any]):
    """Keywords of JSON Schema for what a type alone does not say: `Annotated[str, Keywords(…)]`."""

    # What stands in an annotation may be asked for its hash.
    __hash__ = object.__hash__  # type: ignore[assignment]


def text(payload: Payload, member: str) -> str:
    """The string at `member`. Raises `AttemptFailed`."""
    value = payload.get(member, MISSING)
    if not isinstance(value, str):
        raise unexpected(f"payload.{member}", "a string", value)
    return value


def unexpected(where: str, expected: str, value: object) -> AttemptFailed:
    """The failure that says what was expected at `where` and what came instead."""
    return AttemptFailed(f"{where}: expected {expected}, got {_shown(value)}")


def _shown(value: object) -> str:
    if value is MISSING:
        return "nothing"
    json = "".join(islice(_ENCODER.iterencode(value), _SHOWN))
    return json if len(json) <= _SHOWN else f"{json[:_SHOWN]}…"
