"""CSV_EXPORT: the rows in `payload.data` become one CSV object in the bucket.

Payload: `{"data": [{"id": 1, "name": "venkat"}, …]}`, a non-empty list of objects; they need not
have the same members; and perhaps `"formulas": "keep"`. Result: `{"filePath", "bucket", "key",
"rows", "size"}`, where `rows` does not count the header and `size` is in bytes.

The file is RFC 4180 (comma, CRLF, quotes where they are needed) in UTF-8 without a byte order
mark. Its columns are the rows' members in the order in which they first appear. A string stands
as it is; null and a member that a row lacks are an empty field; everything else is written as
compact JSON: `true`, `1.5`, `[1,2]`, `{"a":null}`.

A string that a spreadsheet would run as a formula gets an apostrophe in front (`'=1+1`), column
names too, unless the payload says `"formulas": "keep"`. Such is one whose first character, blanks
and byte order marks aside, is `=`, `+`, `-` or `@`, also in their wide forms, or which begins with
a tab or the end of a line; but not one that is a number (`-5`, `+1.5e3`).

The bytes depend on the payload alone, so every attempt writes the same file.
"""

from __future__ import annotations

import csv
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict

from jobs.core.errors import AttemptFailed
from jobs.core.failpoints import failpoint
from jobs.core.job_type import JobType
from jobs.processors._payload import MISSING, Keywords, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.claim import Claim
    from jobs.core.job import Payload, Result
    from jobs.core.job_type import JobContext

Row = dict[str, Any]

MAX_SECONDS = 30.0
"""Seconds: two calls of the object store that run into all their timeouts, and the writing."""

MAX_CELLS = 10_000_000
"""Rows times columns. Rows with nothing in common would otherwise grow a small payload to
gigabytes of commas."""


class CsvExportPayload(TypedDict):
    """Rows that become one CSV file."""

    data: Annotated[
        list[Row],
        Keywords(
            minItems=1,
            description="The rows. Their members, in the order in which they first appear, "
            "are the columns; rows need not have the same ones. A string stands as it is; null "
            "and a member that a row lacks are an empty field; everything else, lists and "
            "objects too, is written as compact JSON. "
            f"Rows times columns may be {MAX_CELLS:,} at most.",
            examples=[[{"id": 1, "name": "venkat"}, {"id": 2, "name": "sai"}]],
        ),
    ]
    formulas: NotRequired[
        Annotated[
            Literal["defuse", "keep"],
            Keywords(
                default="defuse",
                description="What becomes of a string that a spreadsheet would run as a formula, "
                "because it begins with `=`, `+`, `-`, `@`, a tab or the end of a line and is no "
                "number: an apostrophe is put in front of it, or it is kept as it is.",
            ),
        ]
    ]


# A byte order mark is no text to a spreadsheet, least of all where a file begins with it.
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
# There is one way to read each text: two ways to share out the digits of a long one take forever.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def process(claim: Claim, context: JobContext) -> Result:
    """Write the export of `claim`, unless an attempt before has. Raises `AttemptFailed`."""
    rows = _rows(claim.payload)
    columns = tuple(dict.fromkeys(chain.from_iterable(rows)))
    _check_size(rows, columns)
    text = _kept if _keeps_formulas(claim.payload) else _defused
    key = f"output/{claim.id}.csv"
    stored = context.objects.put_once(
        key, _lines(columns, rows, text), content_type="text/csv; charset=utf-8"
    )
    failpoint("export.after_put")
    return {
        "filePath": key,
        "bucket": stored.bucket,
        "key": stored.key,
        "rows": len(rows),
        "size": stored.size,
    }


def _rows(payload: Payload) -> list[Row]:
    data = payload.get("data", MISSING)
    if not isinstance(data, list) or not data:
        raise unexpected("payload.data", "a non-empty list of objects", data)
    for index, row in enumerate(data):
        if not isinstance(row, dict):
            raise unexpected(f"payload.data[{index}]", "an object", row)
    return data


def _check_size(rows: list[Row], columns: tuple[str, ...]) -> None:
    cells = len(rows) * len(columns)
    if cells > MAX_CELLS:
        raise AttemptFailed(
            f"payload.data: expected at most {MAX_CELLS:,} fields (rows times columns), "
            f"got {len(rows):,} rows times {len(columns):,} columns"
        )


class _Echo:
    """A file that hands back what is written to it, so that a row is a value."""

    def write(self, line: str) -> str:
        return line


def _lines(
    columns: tuple[str, ...], rows: list[Row], text: Callable[[str], str]
) -> Iterator[bytes]:
    line = csv.writer(_Echo(), lineterminator="\r\n").writerow
    yield line(map(text, columns)).encode()
    for row in rows:
        yield line([_field(row.get(column), text) for column in columns]).encode()


def _field(value: object, text: Callable[[str], str]) -> str | None:
    if value is None:
        return None
    return text(value) if isinstance(value, str) else _json(value)


def _keeps_formulas(payload: Payload) -> bool:
    mode = payload.get("formulas", "defuse")
    if mode not in ("defuse", "keep"):
        raise unexpected("payload.formulas", '"defuse" or "keep"', mode)
    return bool(mode == "keep")


def _kept(text: str) -> str:
    return text


def _defused(text: str) -> str:
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


JOB_TYPE = JobType("CSV_EXPORT", process, MAX_SECONDS, payload=CsvExportPayload)
