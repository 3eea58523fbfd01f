"""JSON that comes out as it went in: what parsers differ on, or lose, is refused by name."""

from __future__ import annotations

import codecs
import json
import math
import re
import sys
from decimal import Decimal
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from api.errors import MalformedBody
from jobs.core.errors import Problem, pointer
from jobs.core.job_request import MAX_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 100
"""Levels of objects and lists that a body may have."""

MAX_INTEGER_DIGITS = 4300
"""Digits of an integer: Python's own limit, which holds wherever the job is read again."""

_SURE = sys.float_info.dig + 1
"""Characters of a number with a point or an exponent that a float is sure to keep, if it is one of
full precision: no two numbers of so few digits are the same float."""

_FULL_PRECISION = sys.float_info.min

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

_MAYBE_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_IS_UNFIT = "holds U+0000 or half of a surrogate pair"

_LOST = "\ufffd"
"""What a gateway puts in the place of bytes that are not UTF-8, before the function sees them."""


def parse(body: bytes) -> Any:
    """The value that `body` is the JSON text of.

    Raises `MalformedBody` for bytes that are not UTF-8, or what is left of such; nesting beyond
    `DEEPEST`, text that is not JSON and integers beyond `MAX_INTEGER_DIGITS`; and, with the places,
    for members that are there twice, NaN and the infinities, numbers that a 64-bit float cannot
    hold or would round, and characters that no database can hold.
    """
    text = _text(body.removeprefix(codecs.BOM_UTF8))
    if _depth(body) > DEEPEST:
        raise _malformed(f"is nested more than {DEEPEST} levels deep")
    reader = _Reader()
    try:
        value = reader.read(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _malformed(f"is not JSON: {error.msg} at {where}") from error
    except ValueError as error:
        raise _malformed(f"has an integer of more than {MAX_INTEGER_DIGITS} digits") from error
    # To go through all of a large value takes longer than to read it, and is rarely needed.
    if reader.refused or _MAYBE_UNFIT.search(text):
        problems = list(islice(_problems(value, ""), MAX_PROBLEMS))
        if problems:
            raise MalformedBody(problems)
    return value


class _Refused:
    """Stands in a value where something was that is not taken."""

    def __init__(self, detail: str) -> None:
        self.detail = detail


class _Reader:
    """Reads JSON, and puts a `_Refused` in the place of what is not taken."""

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
        # In this order, which is that of the cost: a body may have a million of them.
        if len(text) <= _SURE and _FULL_PRECISION <= abs(value) < math.inf:
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
    """Whether `text` is how `value` is written, in whatever spelling: with as many digits as it
    takes, or with 17, as some writers always do."""
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
    if _LOST in text:
        wanted = "as a character of its own it is written \\ufffd"
        raise _malformed(f"holds U+FFFD, which stands for what is not UTF-8; {wanted}")
    if not text.strip():
        raise _malformed("is empty, and a JSON object is needed")
    return text


def _depth(body: bytes) -> int:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
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
        case str() if _UNFIT.search(value):
            yield Problem(where, _IS_UNFIT)
        case list():
            for index, item in enumerate(value):
                yield from _problems(item, pointer(where, index))
        case dict():
            for name, item in value.items():
                if _UNFIT.search(name):
                    yield Problem(where, f"has a member whose name {_IS_UNFIT}")
                else:
                    yield from _problems(item, pointer(where, name))
