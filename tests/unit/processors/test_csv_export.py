"""What CSV_EXPORT writes for which rows, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import AttemptFailed, PermanentFailure
from jobs.core.job_type import JobContext
from jobs.core.ports.objects import StoredObject
from jobs.processors import JOB_TYPES
from support.claims import JOB_ID, a_claim

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobs.core.job import Result

KEY = f"output/{JOB_ID}.csv"


def export(payload: dict[str, Any], objects: FakeObjects | None = None) -> tuple[Result, bytes]:
    """Run the processor; return its result and the file."""
    objects = objects or FakeObjects()
    result = JOB_TYPES["CSV_EXPORT"].process(
        a_claim("CSV_EXPORT", payload), JobContext(objects, FakeMailer())
    )
    return result, objects.contents[KEY]


def file_of(*rows: Any) -> str:
    return export({"data": list(rows)})[1].decode()


def test_the_example_of_the_documentation() -> None:
    result, file = export({"data": [{"id": 1, "name": "venkat"}, {"id": 2, "name": "sai"}]})

    assert file == b"id,name\r\n1,venkat\r\n2,sai\r\n"
    assert result == {"filePath": KEY, "bucket": "fake", "key": KEY, "rows": 2, "size": len(file)}


@pytest.mark.parametrize(
    ("rows", "file"),
    [
        ([{"b": 1}, {"a": 2}, {"b": 3, "c": 4}], "b,a,c\r\n1,,\r\n,2,\r\n3,,4\r\n"),
        ([{"a": 1}, {}], 'a\r\n1\r\n""\r\n'),
        ([{"": 1, "b": 2}], ",b\r\n1,2\r\n"),
        ([{}, {}], "\r\n\r\n\r\n"),
        ([{"a,b": 1, 'c"d': 2, "e\nf": 3}], '"a,b","c""d","e\nf"\r\n1,2,3\r\n'),
    ],
    ids=["ragged", "one column", "nameless column", "no columns", "names that need quotes"],
)
def test_the_columns_are_all_members_in_order_of_appearance(
    rows: list[dict[str, Any]], file: str
) -> None:
    assert file_of(*rows) == file


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("two\nlines", '"two\nlines"'),
        ("two\r\nlines", '"two\r\nlines"'),
        ("a\rb", '"a\rb"'),
        (" spaces ", " spaces "),
        ("Zürich, 東京 🎉", '"Zürich, 東京 🎉"'),
        ("null", "null"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (12345678901234567890123, "12345678901234567890123"),
        (1.5, "1.5"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1e100, "1e+100"),
        (1e-7, "1e-07"),
        ([], "[]"),
        ([1, None, "é"], '"[1,null,""é""]"'),
        ({"b": True, "a": {"c": 1.5}}, '"{""b"":true,""a"":{""c"":1.5}}"'),
    ],
    ids=repr,
)
def test_each_kind_of_value_has_one_form(value: object, field: str) -> None:
    assert file_of({"a": value, "z": "end"}) == f"a,z\r\n{field},end\r\n"


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=",
    "-",
    "--1",
    "+49 30 123",
    "-5%",
    "-٣",
    " =1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    " \ufeff =1+1",
    "\t=1+1",
    "\ttext",
    "\n=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.com","x")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_defused_in_cells_and_column_names(text: str) -> None:
    rows = list(csv.reader(io.StringIO(file_of({text: text}), newline="")))

    assert rows == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_job_may_keep_its_formulas(text: str) -> None:
    payload = {"data": [{text: text}], "formulas": "keep"}
    rows = list(csv.reader(io.StringIO(export(payload)[1].decode(), newline="")))

    assert rows == [[text], [text]]


@pytest.mark.parametrize(
    "text", ["-5", "+5", "-1.5", "-.5", "+1.", "-1e9", "+1.5E-3", "a=1", "a@b.c", "'=1", "1-2", ""]
)
def test_what_no_spreadsheet_runs_stands_as_it_is(text: str) -> None:
    assert list(csv.reader(io.StringIO(file_of({"a": text, "z": 1}), newline="")))[1][0] == text


@pytest.mark.parametrize(
    "text",
    ["-{0}x", "-{0}.{0}x", "+.{0}x", "-1e{0}x", "-{0}.", " {0}", "\ufeff{1}=", "{1}x", "{2}x"],
)
@pytest.mark.timeout(20)  # what looks at a character more than a few times needs hours
def test_no_cell_takes_long_to_judge(text: str) -> None:
    long = text.format("1" * 2_000_000, " \ufeff" * 2_000_000, "-" * 4_000_000)
    assert file_of({"a": long, "z": 1}).endswith(f"{long},1\r\n")


def test_numbers_and_nested_values_are_no_formulas() -> None:
    assert file_of({"a": -1, "b": ["=1+1"], "c": {"=": "="}}) == (
        'a,b,c\r\n-1,"[""=1+1""]","{""="":""=""}"\r\n'
    )


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (
            {"data": [{}], "formulas": True},
            'payload.formulas: expected "defuse" or "keep", got true',
        ),
        ({}, "payload.data: expected a non-empty list of objects, got nothing"),
        ({"data": "invalid"}, 'payload.data: expected a non-empty list of objects, got "invalid"'),
        ({"data": None}, "payload.data: expected a non-empty list of objects, got null"),
        ({"data": []}, "payload.data: expected a non-empty list of objects, got []"),
        (
            {"data": {"id": 1}},
            'payload.data: expected a non-empty list of objects, got {"id": 1}',
        ),
        ({"data": [{"id": 1}, 2]}, "payload.data[1]: expected an object, got 2"),
        ({"data": [[1, 2]]}, "payload.data[0]: expected an object, got [1, 2]"),
        ({"data": [{}, None]}, "payload.data[1]: expected an object, got null"),
        (
            {"data": "x" * 10_000},
            f'payload.data: expected a non-empty list of objects, got "{"x" * 59}…',
        ),
        (
            {"data": [{str(number): 1} for number in range(4000)]},
            "payload.data: expected at most 10,000,000 fields (rows times columns), "
            "got 4,000 rows times 4,000 columns",
        ),
    ],
)
def test_a_payload_that_cannot_be_exported_says_what_was_expected(
    payload: dict[str, Any], message: str
) -> None:
    with pytest.raises(AttemptFailed) as failed:
        export(payload)

    assert str(failed.value) == message
    assert not isinstance(failed.value, PermanentFailure)


def test_another_attempt_finds_the_export_done() -> None:
    objects = FakeObjects()
    payload = {"data": [{"a": 0.1, "b": {"z": 1, "a": None}}, {"c": "é"}]}

    first = export(payload, objects)
    second = export(json.loads(json.dumps(payload)), objects)

    assert first == second


def test_an_export_that_differs_stays_as_it_is() -> None:
    objects = FakeObjects()
    export({"data": [{"a": 1}]}, objects)

    with pytest.raises(PermanentFailure):
        export({"data": [{"a": 2}]}, objects)

    assert objects.contents[KEY] == b"a\r\n1\r\n"


def test_what_is_written_can_be_read_back() -> None:
    rows = [
        {"id": str(number), "text": f'line {number}\r\n"{chr(200 + number)}",;\t'}
        for number in range(500)
    ]

    assert list(csv.DictReader(io.StringIO(file_of(*rows), newline=""))) == rows


class Meter:
    """An object store that throws away what it is given."""

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        del content_type
        return StoredObject("meter", key, sum(map(len, body)))


def test_a_big_export_is_never_in_memory_as_a_whole() -> None:
    payload = {"data": [{"text": "x" * 100, "number": 1.5}] * 50_000}
    claim = a_claim("CSV_EXPORT", payload)

    tracemalloc.start()
    result = JOB_TYPES["CSV_EXPORT"].process(claim, JobContext(Meter(), FakeMailer()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert result["size"] > 5_000_000
    assert peak < 500_000
