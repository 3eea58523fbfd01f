"""Which JSON is accepted, and how the rest is refused."""

from __future__ import annotations

import contextlib
import json
import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.problems import MalformedBody
from api.strict_json import MAX_INTEGER_DIGITS, MAX_NESTING_LEVELS, parse
from jobs.core.job_request import MAX_PROBLEMS


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": {"a": [1, "a"]}}',
        " \r\n\t{} ",
        '{"": "", "\\u00e9": "\\ud83d\\ude00 \\\\u0000 \\\\ud800 \\"[[[["}',
        '{"tab": "a\\tb\\n", "del": "\x7f\x80\u2028"}',
        "[0, -0, 0.0, -0.0e5, 1e308, 1E-300, 0.1, 123456789012345678901234567890]",
        "[0e999999999999999999999, 1E+2, 1.50, -12.34e-5, 0.30000000000000004, 5e-324, 1e-323]",
        "[2.2250738585072014e-308, 1.7976931348623157E308, 100000000000000000000000.0]",
        f"[0.{'0' * 400}1e401, 1{'0' * 400}.0e-400, 0.1{'0' * 5000}]",
        "9" * MAX_INTEGER_DIGITS,
        nested(MAX_NESTING_LEVELS),
        '{"a": "' + "[{" * 1000 + '"}',
        "[" + "[]," * 1000 + "[]]",
        '["\\ufffd"]',
        '["\\u0041", "' + "\\\\" * 999 + '"]',
    ],
)
def test_what_json_is_comes_out_as_it_went_in(text: str) -> None:
    assert parse(text.encode()) == json.loads(text)


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("body", "pointer", "says"),
    [
        (b"", "", "is empty"),
        (b" \n", "", "is empty"),
        ('["\ufffd"]'.encode(), "", r"holds U\+FFFD"),
        (b"{", "", "not JSON: .* line 1, column 2"),
        (b"{'a': 1}", "", "not JSON"),
        (b"{} {}", "", "not JSON: Extra data"),
        (b'{"a": 1,}', "", "not JSON"),
        (b'{"a": 01}', "", "not JSON"),
        (b'{"a": .5}', "", "not JSON"),
        (b'{"a": +1}', "", "not JSON"),
        (b'{"a": 0x1}', "", "not JSON"),
        (b'["\n"]', "", "not JSON: Invalid control character"),
        (b'["\\x41"]', "", "not JSON"),
        (b'["\\ud8"]', "", "not JSON"),
        (b'{"a": "', "", "not JSON"),
        (b'"\\', "", "not JSON"),
        (b"\x00", "", "not JSON"),
        ("{}".encode("utf-16"), "", "not UTF-8: byte 0"),
        ("{}".encode("utf-16-le"), "", "not JSON"),
        ("{}".encode("utf-32"), "", "not UTF-8"),
        (b'{"a": "\xff"}', "", "not UTF-8: byte 7"),
        (b'{"a": "\xc0\x80"}', "", "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "", "not UTF-8"),
        (b'{"a": "\xf4\x90\x80\x80"}', "", "not UTF-8"),
        ('{"a": "é"}'.encode("latin-1"), "", "not UTF-8"),
        (nested(MAX_NESTING_LEVELS + 1).encode(), "", "nested more than 100"),
        (b"[" * 5_000_000, "", "nested more than 100"),
        (b'{"a":' * 1_000_000, "", "nested more than 100"),
        (b'[{"a": ["' + b"\\" * 3 + b'" ]}' + b"[" * 100_000, "", "not JSON|nested"),
        (b"9" * (MAX_INTEGER_DIGITS + 1), "", "integer of more than 4300 digits"),
        (b'{"a": [1, NaN]}', "/a/1", "is NaN"),
        (b"Infinity", "", "is Infinity"),
        (b'{"a": -Infinity}', "/a", "is -Infinity"),
        (b'{"a": 1e400}', "/a", "64-bit float"),
        (b'{"a": -1e400}', "/a", "64-bit float"),
        (b'{"a": 1e-400}', "/a", "64-bit float"),
        (b'{"a": 0.0000001E-400}', "/a", "64-bit float"),
        (b'{"a": 9007199254740993.5}', "/a", "rounds, to 9007199254740994.0: send fewer digits"),
        (b'{"a": 0.1000000000000000055511151231257827}', "/a", "rounds, to 0.1: .* or a string"),
        (b'{"a": -1.00000000000000001}', "/a", "rounds, to -1.0"),
        (b'{"a": 123456789012345678901.5E-4}', "/a", "rounds"),
        (b'{"a": 4e-324}', "/a", "rounds, to 5e-324"),
        (b'{"a": 1.23456e-320}', "/a", "rounds"),
        (b'{"a": 1.7976931348623159e308}', "/a", "hold"),
        (b'{"a": 1, "b": 2, "a": 3}', "", "has the member /a twice"),
        (b'[{"x": {"a/b": 1, "a\\/b": 1}}]', "/0/x", "has the member /a~1b twice"),
        (b'{"a": "x\\u0000y"}', "/a", "U\\+0000"),
        (b'{"a": {"b\\u0000": 1}}', "/a", "name holds U\\+0000"),
        (b'{"a": "\\ud800"}', "/a", "surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "/a", "surrogate"),
        (b'{"a": ["\\ud83d\\ude00", "\\uDBFF x"]}', "/a/1", "surrogate"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_taken_is_named(body: bytes, pointer: str, says: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        parse(body)
    [problem] = caught.value.problems
    assert problem.pointer == pointer
    assert re.search(says, problem.detail)


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
    | st.from_regex(r"-?[0-9]\.[0-9]{13,16}e-(30[5-9]|3[12][0-9])", fullmatch=True)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
)
@example("10000000000000001")
def test_a_number_that_is_taken_is_written_as_the_same_one(text: str) -> None:
    ways = {Decimal(repr(float(text))), Decimal(f"{float(text):.16e}")}
    try:
        [value] = parse(f"[{text}]".encode())
    except MalformedBody:
        assert Decimal(text) not in ways
    else:
        whole = isinstance(value, int)
        assert value == (int if whole else float)(text)
        assert whole or Decimal(text) in ways


@pytest.mark.parametrize(
    "value", [0.1, 1 / 3, -2e-308, 5e-324, 1.7976931348623157e308, 2**53 + 2.0]
)
@pytest.mark.parametrize("form", ["{!r}", "{:.17g}", "{:.16e}", "{:.16E}"])
def test_a_float_is_taken_as_all_writers_write_it(value: float, form: str) -> None:
    assert parse(f"[{form.format(value)}]".encode()) == [value]


def test_all_problems_are_listed_up_to_a_limit() -> None:
    with pytest.raises(MalformedBody) as caught:
        parse(b'{"a": NaN, "b": {"c": 1e999, "d": "\\u0000"}}')
    assert [each.pointer for each in caught.value.problems] == ["/a", "/b/c", "/b/d"]
    with pytest.raises(MalformedBody) as caught:
        parse(b"[" + b"NaN," * 100_000 + b"NaN]")
    assert len(caught.value.problems) == MAX_PROBLEMS


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 600_000,
        b'"' + b"\\" * 1_200_000,
        b'["' + b'","' * 400_000,
        b"[" * 1_200_000,
        b"[]," * 400_000,
        b'{"a":' * 250_000,
        b"-" * 1_200_000,
        b"9" * 1_200_000,
        b"[" + b"1e5," * 250_000 + b"1]",
        b"[" + b"1e-320," * 175_000 + b"1]",
        b"[" + b"0.12345678901234567890," * 50_000 + b"1]",
        b"[0." + b"1" * 1_200_000 + b"]",
        b"[1" + b"0" * 1_200_000 + b".0e-1200000]",
        b"[1" + b"0" * 600_000 + b".0e-99999999999999999999]",
        b"[" + b"1e-999999999999999999," * 50_000 + b"1]",
        b'["' + b"\\ud83d\\ude00" * 100_000 + b'"]',
        b"[" + b'"\\u0000",' * 125_000 + b"1]",
    ],
    ids=lambda value: repr(value[:12]),
)
@pytest.mark.timeout(10)  # what looks at a byte more than a few times needs minutes
def test_no_body_takes_long_to_read(body: bytes) -> None:
    with contextlib.suppress(MalformedBody):
        parse(body)
