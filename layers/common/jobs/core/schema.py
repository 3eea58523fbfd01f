"""Values and their JSON Schema: the schema of a `TypedDict`, and a check that names every problem.

A member's `Annotated[…, Keywords(…)]` adds keywords to its schema: `description`, `minItems`, ….
"""

from __future__ import annotations

import math
import re
import types
from datetime import UTC, datetime, timedelta
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from urllib.parse import urlsplit

from jobs.core.errors import Problem, describe, one_of, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Holds = Callable[[Any], bool]
    Check = Callable[[Any, str], Iterator[Problem]]

Schema = dict[str, Any]

MAX_YEAR = 2999
MAX_URL_CHARACTERS = 2048

_URL = re.compile(r"https?://[!-~]+\Z")
_HOUR_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIME = re.compile(
    rf"(?P<minute>\d{{4}}-\d\d-\d\d[T ]{_HOUR_MINUTE}):(?P<second>[0-5]\d|60)"
    rf"(?P<rest>(?:\.\d+)?(?:Z|[+-]{_HOUR_MINUTE}))",
    re.ASCII,
)
_LEAP_SECOND = "60"

_KEYWORDS: Mapping[str | None, set[str]] = {
    "string": {"minLength", "maxLength", "pattern", "format"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties"},
    "boolean": set(),
    "null": set(),
    None: {"enum", "anyOf"},
}
"""The keywords that are checked, by the type beside which they stand."""

_NOTES = {"default", "description", "example", "examples", "title"}
_PATTERNS = {r"^[^\x00-\x1f\x7f]+$": "none of them a control character"}
_FORMATS = {"date-time", "uri"}
_PLAIN: Mapping[object, tuple[str, Holds]] = {
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "null": ("null", lambda value: value is None),
    "object": ("an object", lambda value: isinstance(value, dict)),
}

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_SCALARS: dict[object, Schema] = {shape: {"type": name} for shape, name in _TYPES.items()}


def parse_time(text: object) -> datetime | None:
    """A time as RFC 3339 writes it, with its offset from UTC; None for anything else.

    A leap second, which is 23:59:60 in UTC, is the second after it: no clock here has one.
    """
    parts = _TIME.fullmatch(text.upper()) if isinstance(text, str) else None
    if parts is None:
        return None
    minute, second, rest = parts.group("minute", "second", "rest")
    is_leap = second == _LEAP_SECOND
    try:
        found = datetime.fromisoformat(f"{minute}:{'59' if is_leap else second}{rest}")
        found = found.astimezone(UTC)
        if is_leap and (found.hour, found.minute) != (23, 59):
            return None
        found += timedelta(seconds=is_leap)
    except (ValueError, OverflowError):
        return None
    return found if found.year <= MAX_YEAR else None


def checker(schema: Mapping[str, Any]) -> Check:
    """A function that names every way in which a value, at a JSON pointer, differs from `schema`.

    Raises `TypeError` for a schema with something that it would not check.
    """
    _refuse_unknown(schema)
    if "anyOf" in schema:
        return _any_of([(_expected(each), checker(each)) for each in schema["anyOf"]])
    wanted, holds = _expected(schema)
    inner = _inner(schema)

    def check(value: object, where: str) -> Iterator[Problem]:
        if not holds(value):
            yield Problem(where, f"must be {wanted}, not {describe(value)}")
        elif isinstance(value, dict | list):
            yield from inner(value, where)

    return check


def value_words(schema: Mapping[str, Any]) -> str:
    """What a value must be, as errors say it: `a number from 0 to 9`."""
    return _expected(schema)[0]


def _refuse_unknown(schema: Mapping[str, Any]) -> None:
    kind = schema.get("type")
    known = _KEYWORDS.get(kind) if isinstance(kind, str | None) else None
    unknown = {"type"} if known is None else schema.keys() - known - _NOTES - {"type"}
    if schema.get("format", "uri") not in _FORMATS:
        unknown = unknown | {"format"}
    if unknown:
        message = f"no check for {', '.join(sorted(unknown))} in the JSON Schema {schema}"
        raise TypeError(message)


def _any_of(choices: Sequence[tuple[tuple[str, Holds], Check]]) -> Check:
    """Whether a value is as one of the choices says; if it nearly is, what that one misses."""
    wanted = " or ".join(words for (words, _), _ in choices)

    def check(value: object, where: str) -> Iterator[Problem]:
        found = [[*check(value, where)] for (_, holds), check in choices if holds(value)]
        if not found:
            yield Problem(where, f"must be {wanted}, not {describe(value)}")
        elif all(found):
            yield from found[0]

    return check


def _expected(schema: Mapping[str, Any]) -> tuple[str, Holds]:
    """What a value must be, in words, and whether it is, its items and members aside."""
    match schema:
        case {"enum": values}:
            return one_of(map(str, values)), lambda value: _is_among(value, values)
        case {"anyOf": choices}:
            expected = [_expected(each) for each in choices]
            wanted = " or ".join(words for words, _ in expected)
            return wanted, lambda value: any(holds(value) for _, holds in expected)
        case {"type": "integer" | "number" as kind}:
            return _number(kind, schema)
        case {"type": "string"}:
            return _string(schema)
        case {"type": "array"}:
            least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
            wanted = _list_words(schema)
            return wanted, lambda value: isinstance(value, list) and least <= len(value) <= most
    return _PLAIN.get(schema.get("type"), ("anything", lambda _: True))


def _is_among(value: object, values: Iterable[object]) -> bool:
    """Whether a JSON value is one of `values`; true is not 1."""
    same_kind = (each for each in values if isinstance(each, bool) == isinstance(value, bool))
    return value in same_kind


def _number(kind: str, schema: Mapping[str, Any]) -> tuple[str, Holds]:
    least, most = schema.get("minimum"), schema.get("maximum")
    wanted = "a whole number" if kind == "integer" else "a number"
    if least is not None:
        wanted += f" from {least:.15g}"
    if most is not None:
        wanted += f" {'up ' if least is None else ''}to {most:.15g}"

    def holds(value: Any) -> bool:
        return (
            type(value) in (int, float)
            and (least is None or value >= least)
            and (most is None or value <= most)
            # 2.0 is a whole number too, as JSON Schema has it.
            and (kind == "number" or value % 1 == 0)
        )

    return wanted, holds


def _string(schema: Mapping[str, Any]) -> tuple[str, Holds]:
    if schema.get("format") == "date-time":
        wanted = "a time such as 2027-01-31T08:00:00Z, with its offset from UTC, "
        return f"{wanted}before the year {MAX_YEAR + 1}", lambda value: bool(parse_time(value))
    if schema.get("format") == "uri":
        limit = schema.get("maxLength", MAX_URL_CHARACTERS)
        wanted = f"an absolute http or https URL of up to {limit} ASCII characters, "
        return f"{wanted}without a user in it", lambda value: _is_url(value, limit)
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    longest = math.inf if most is None else most
    pattern = schema.get("pattern")
    wanted = "a string" if most is None else f"a string of {least} to {most} characters"
    if most is None and least:
        wanted += f" of at least {least} characters"
    if pattern:
        wanted += f", {_PATTERNS.get(pattern, f'matching {pattern}')}"
    matches = re.compile(pattern.removesuffix("$") + r"\Z" if pattern else "").search

    def holds(value: object) -> bool:
        return isinstance(value, str) and least <= len(value) <= longest and bool(matches(value))

    return wanted, holds


def _list_words(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    plurals = {"string": "strings", "object": "objects"}
    of = plurals.get(schema.get("items", {}).get("type"), "items")
    if most is None:
        return f"a list of at least {least} {of}" if least else f"a list of {of}"
    return f"a list of {least} to {most} {of}" if least else f"a list of at most {most} {of}"


def _inner(schema: Mapping[str, Any]) -> Check:
    """Checks the items of a list, or the members of an object."""
    if schema.get("type") == "array":
        return _items(schema)
    return _members(schema) if schema.get("type") == "object" else lambda *_: iter(())


def _items(schema: Mapping[str, Any]) -> Check:
    check, distinct = checker(schema.get("items", {})), schema.get("uniqueItems", False)

    def items(value: list[Any], where: str) -> Iterator[Problem]:
        for index, item in enumerate(value):
            yield from check(item, pointer(where, index))
            if distinct and _is_among(item, value[:index]):
                yield Problem(pointer(where, index), "is there twice")

    return items


def _members(schema: Mapping[str, Any]) -> Check:
    checks = {name: checker(each) for name, each in schema.get("properties", {}).items()}
    more = schema.get("additionalProperties", True)
    check_other = checker(more) if isinstance(more, dict) else None
    required = schema.get("required", ())

    def members(value: dict[str, Any], where: str) -> Iterator[Problem]:
        for name in required:
            if name not in value:
                yield Problem(pointer(where, name), "is missing")
        for name, member in value.items():
            if check := checks.get(name, check_other):
                yield from check(member, pointer(where, name))
            elif name not in checks and more is False:
                yield Problem(pointer(where, name), f"is unknown: {one_of(checks)}")

    return members


def _is_url(value: object, limit: int) -> bool:
    if not isinstance(value, str) or len(value) > limit or not _URL.match(value):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False


def schema_of(shape: Any) -> Schema:
    """The schema of whatever is of the type `shape`. Raises `TypeError` where there is none."""
    if shape is Any:
        return {}
    if shape in _SCALARS:
        return dict(_SCALARS[shape])
    if is_typeddict(shape):
        return _object(shape)
    return _generic(get_origin(shape), get_args(shape), shape)


def _generic(origin: Any, arguments: tuple[Any, ...], shape: Any) -> Schema:
    if origin is Annotated:
        of, *notes = arguments
        return schema_of(of) | {key: value for note in notes for key, value in note.items()}
    if origin in (Required, NotRequired):
        return schema_of(arguments[0])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict and arguments[0] is str:
        values = schema_of(arguments[1])
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(each) for each in arguments]}
    message = f"there is no JSON Schema for {shape}"
    raise TypeError(message)


def _object(shape: Any) -> Schema:
    hints = get_type_hints(shape, include_extras=True)
    made: Schema = {"type": "object"}
    if shape.__doc__:
        made["description"] = " ".join(shape.__doc__.split())
    needed = [name for name in hints if _is_required(hints[name], shape)]
    if needed:
        made["required"] = needed
    return made | {"properties": {name: schema_of(hint) for name, hint in hints.items()}}


def _is_required(hint: Any, shape: Any) -> bool:
    # Not __required_keys__: with postponed annotations it does not know these two (3.11).
    origin = get_origin(hint)
    return origin is Required or (origin is not NotRequired and bool(shape.__total__))
