"""How values and places in a request are spoken of: short, whatever was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def pointer(parent: str, name: str | int) -> str:
    """The JSON pointer to the member or item `name`; a very long name is cut off."""
    text = str(name).encode("utf-8", "replace").decode()
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return f"{parent}/{text.replace('~', '~0').replace('/', '~1')}"


def kind(value: object) -> str:
    """What sort of JSON value this is, with its article."""
    return _KINDS[type(value)]


def one_of(words: Iterable[str]) -> str:
    """`one of a, b`"""
    return f"one of {', '.join(words)}"


def shown(value: object) -> str:
    """A short value as it is, of any other only what sort it is."""
    match value:
        case str() if len(value) <= _LONGEST:
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case int() | float() if len(text := str(value)) <= _LONGEST:
            return text
        case _:
            return kind(value)
