"""Read JSON strictly: a value comes out as it went in, or is refused by name."""

from __future__ import annotations

import codecs
import json
import math
import re
import sys
from decimal import Decimal
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from api.problems import MalformedBody
from jobs.core.errors import Problem, pointer
from jobs.core.job_request import MAX_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NESTING_LEVELS = 100
"""Of objects and lists in a body."""

MAX_INTEGER_DIGITS = 4300
"""Python's own limit, which holds wherever the job is read again."""

_EXACT_CHARACTERS = sys.float_info.dig + 1
"""A float keeps every number of so few characters with a point or an exponent, if it is of full
precision: no two numbers of so few digits are the same float."""

_MIN_FULL_PRECISION = sys.float_info.min

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

_MAYBE_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_IS_UNSTORABLE = "holds U+0000 or half of a surrogate pair"

_REPLACEMENT = "\ufffd"
"""A gateway puts it in the place of bytes that are not UTF-8."""


def parse(body: bytes) -> Any:
    """The value of the JSON text `body`.

    Raises `MalformedBody`
    - for bytes that are not UTF-8, and for the character that gateways replace them with,
    - for nesting beyond `MAX_NESTING_LEVELS`, text that is not JSON, and integers beyond
      `MAX_INTEGER_DIGITS`,
    - and, with their places, for members that are there twice, NaN and the infinities, numbers
      that a 64-bit float cannot hold or would round, and characters that no database can hold.
    """
    text = _text(body.removeprefix(codecs.BOM_UTF8))
    if _depth(body) > MAX_NESTING_LEVELS:
        raise _malformed(f"is nested more than {MAX_NESTING_LEVELS} levels deep")
    reader = _Reader()
    try:
        value = reader.read(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _malformed(f"is not JSON: {error.msg} at {where}") from error
    except ValueError as error:
        raise _malformed(f"has an integer of more than {MAX_INTEGER_DIGITS} digits") from error
    # A walk through a large value takes longer than reading it, and is rarely needed.
    if reader.refused or _MAYBE_UNSTORABLE.search(text):
        problems = list(islice(_problems(value, ""), MAX_PROBLEMS))
        if problems:
            raise MalformedBody(problems)
    return value


class _Refused:
    """Takes the place of a value that is refused, and says why."""

    def __init__(self, detail: str) -> None:
        self.detail = detail


class _Reader:
    """Reads JSON, and puts a `_Refused` in the place of each value that is refused."""

    def __init__(self) -> None:
        self.refused = False

    def read(self, text: str) -> Any:
        return json.loads(
            text,
            object_pairs_hook=self._members,
            parse_float=self._float,
            parse_constant=self._constant,
        )

    def _refuse(self, detail: str) -> _Refused:
        self.refused = True
        return _Refused(detail)

    def _members(self, pairs: list[tuple[str, Any]]) -> object:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        return self._refuse(f"has the member {_first_double(pairs)} twice")

    def _float(self, text: str) -> object:
        value = float(text)
        # The cheap checks first: a body may have a million numbers.
        if len(text) <= _EXACT_CHARACTERS and _MIN_FULL_PRECISION <= abs(value) < math.inf:
            return value
        if repr(value) == text or _same(text, value):
            return value
        if math.isinf(value) or value == 0:
            return self._refuse("is a number that no 64-bit float can hold: send it as a string")
        wanted = "send fewer digits, or a string"
        return self._refuse(f"is a number that a 64-bit float rounds, to {value!r}: {wanted}")

    def _constant(self, name: str) -> object:
        return self._refuse(f"is {name}, which is not JSON")


def _same(text: str, value: float) -> bool:
    """Whether `text` is a spelling of `value`: with the digits that it needs, or with the 17 that
    some writers always use."""
    if value == 0:
        return not text.lower().partition("e")[0].strip("-0.")
    if math.isinf(value):
        return False
    number = Decimal(text)
    return number == Decimal(repr(value)) or number == Decimal(f"{value:.16e}")


def _malformed(detail: str) -> MalformedBody:
    return MalformedBody([Problem("", detail)])


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"is not UTF-8: byte {error.start} does not belong there") from error
    if _REPLACEMENT in text:
        wanted = "as a character of its own it is written \\ufffd"
        raise _malformed(f"holds U+FFFD, which stands for what is not UTF-8; {wanted}")
    if not text.strip():
        raise _malformed("is empty, and a JSON object is needed")
    return text


def _depth(body: bytes) -> int:
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING_LEVELS:
        return 0
    # Without escapes every quote begins or ends a string, and every second part is outside.
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(plain.split(b'"')[::2]).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _first_double(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return pointer("", name)
        seen.add(name)
    raise AssertionError


def _problems(value: object, where: str) -> Iterator[Problem]:
    match value:
        case _Refused():
            yield Problem(where, value.detail)
        case str() if _UNSTORABLE.search(value):
            yield Problem(where, _IS_UNSTORABLE)
        case list():
            for index, item in enumerate(value):
                yield from _problems(item, pointer(where, index))
        case dict():
            for name, item in value.items():
                if _UNSTORABLE.search(name):
                    yield Problem(where, f"has a member whose name {_IS_UNSTORABLE}")
                else:
                    yield from _problems(item, pointer(where, name))
