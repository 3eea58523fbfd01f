"""What is taken for JSON, and what is said of the rest."""

from __future__ import annotations

import contextlib
import json
import re

import pytest

from api.errors import MalformedBody
from api.strict_json import DEEPEST, LONGEST_INTEGER, parse
from jobs.core.submission import MOST_PROBLEMS


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
        "9" * LONGEST_INTEGER,
        nested(DEEPEST),
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
        (nested(DEEPEST + 1).encode(), "", "nested more than 100"),
        (b"[" * 5_000_000, "", "nested more than 100"),
        (b'{"a":' * 1_000_000, "", "nested more than 100"),
        (b'[{"a": ["' + b"\\" * 3 + b'" ]}' + b"[" * 100_000, "", "not JSON|nested"),
        (b"9" * (LONGEST_INTEGER + 1), "", "integer of more than 4300 digits"),
        (b'{"a": [1, NaN]}', "/a/1", "is NaN"),
        (b"Infinity", "", "is Infinity"),
        (b'{"a": -Infinity}', "/a", "is -Infinity"),
        (b'{"a": 1e400}', "/a", "64-bit float"),
        (b'{"a": -1e400}', "/a", "64-bit float"),
        (b'{"a": 1e-400}', "/a", "64-bit float"),
        (b'{"a": 0.0000001E-400}', "/a", "64-bit float"),
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


def test_all_problems_are_listed_up_to_a_limit() -> None:
    with pytest.raises(MalformedBody) as caught:
        parse(b'{"a": NaN, "b": {"c": 1e999, "d": "\\u0000"}}')
    assert [each.pointer for each in caught.value.problems] == ["/a", "/b/c", "/b/d"]
    with pytest.raises(MalformedBody) as caught:
        parse(b"[" + b"NaN," * 100_000 + b"NaN]")
    assert len(caught.value.problems) == MOST_PROBLEMS


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 2_500_000,
        b'"' + b"\\" * 5_000_000,
        b'["' + b'","' * 1_600_000,
        b"[" * 5_000_000,
        b"[]," * 1_600_000,
        b'{"a":' * 1_000_000,
        b"-" * 5_000_000,
        b"9" * 5_000_000,
        b"[" + b"1e5," * 1_000_000 + b"1]",
        b'["' + b"\\ud83d\\ude00" * 400_000 + b'"]',
        b"[" + b'"\\u0000",' * 500_000 + b"1]",
    ],
    ids=lambda value: repr(value[:12]),
)
@pytest.mark.timeout(20)  # what looks at a byte more than a few times needs hours
def test_no_body_takes_long_to_read(body: bytes) -> None:
    with contextlib.suppress(MalformedBody):
        parse(body)
