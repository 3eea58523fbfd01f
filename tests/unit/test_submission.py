"""Which envelopes are in order, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.core.errors import InvalidJob
from jobs.core.model import Priority
from jobs.core.submission import MOST_PROBLEMS, Submission, pointer, submission

TYPES = ("CSV_EXPORT", "EMAIL_SEND")
GOOD: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": []}}


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        (GOOD, Submission("CSV_EXPORT", {"data": []})),
        (GOOD | {"priority": "high"}, Submission("CSV_EXPORT", {"data": []}, Priority.HIGH)),
        (GOOD | {"priority": "default"}, Submission("CSV_EXPORT", {"data": []})),
        (GOOD | {"maxAttempts": 1}, Submission("CSV_EXPORT", {"data": []}, max_attempts=1)),
        (GOOD | {"maxAttempts": 25}, Submission("CSV_EXPORT", {"data": []}, max_attempts=25)),
        ({"type": "EMAIL_SEND", "payload": {}}, Submission("EMAIL_SEND", {})),
        (GOOD | {"payload": {"data": "invalid"}}, Submission("CSV_EXPORT", {"data": "invalid"})),
    ],
)
def test_envelopes_in_order(envelope: object, expected: Submission) -> None:
    assert submission(envelope, TYPES) == expected


@pytest.mark.parametrize(
    ("envelope", "problems"),
    [
        ([], {"": "must be an object, not a list"}),
        (None, {"": "must be an object, not null"}),
        ("{}", {"": "must be an object, not a string"}),
        (7, {"": "must be an object, not a number"}),
        (
            {},
            {
                "/type": "is missing: one of CSV_EXPORT, EMAIL_SEND",
                "/payload": "is missing: an object",
            },
        ),
        (
            GOOD | {"type": "csv_export"},
            {"/type": 'must be one of CSV_EXPORT, EMAIL_SEND, not "csv_export"'},
        ),
        (
            GOOD | {"type": ["CSV_EXPORT"]},
            {"/type": "must be one of CSV_EXPORT, EMAIL_SEND, not a list"},
        ),
        (
            GOOD | {"type": "x" * 1000},
            {"/type": "must be one of CSV_EXPORT, EMAIL_SEND, not a string"},
        ),
        (GOOD | {"priority": "HIGH"}, {"/priority": 'must be one of high, default, not "HIGH"'}),
        (GOOD | {"priority": None}, {"/priority": "must be one of high, default, not null"}),
        (GOOD | {"priority": {}}, {"/priority": "must be one of high, default, not an object"}),
        (GOOD | {"payload": []}, {"/payload": "must be an object, not a list"}),
        (GOOD | {"payload": "{}"}, {"/payload": 'must be an object, not "{}"'}),
        (GOOD | {"payload": None}, {"/payload": "must be an object, not null"}),
        *(
            (
                GOOD | {"maxAttempts": wrong},
                {"/maxAttempts": f"must be a whole number from 1 to 25, not {shown}"},
            )
            for wrong, shown in [
                (0, "0"),
                (26, "26"),
                (-1, "-1"),
                (3.0, "3.0"),
                (True, "true"),
                ("3", '"3"'),
                (None, "null"),
                (10**100, "a number"),
            ]
        ),
        (
            GOOD | {"prioritty": "high", "a/b~c": 1},
            {
                "/prioritty": "is unknown: one of type, priority, payload, maxAttempts",
                "/a~1b~0c": "is unknown: one of type, priority, payload, maxAttempts",
            },
        ),
    ],
)
def test_every_problem_is_named(envelope: object, problems: dict[str, str]) -> None:
    with pytest.raises(InvalidJob) as caught:
        submission(envelope, TYPES)
    assert {each.pointer: each.detail for each in caught.value.problems} == problems


def test_all_problems_are_collected_up_to_a_limit() -> None:
    envelope = {"priority": 1, "payload": 2} | {f"unknown {n}": n for n in range(1000)}
    with pytest.raises(InvalidJob) as caught:
        submission(envelope, TYPES)
    found = [each.pointer for each in caught.value.problems]
    assert found[:3] == ["/type", "/priority", "/payload"]
    assert len(found) == MOST_PROBLEMS


def test_a_pointer_to_a_hostile_name_stays_short_and_encodable() -> None:
    assert pointer("", "x" * 1_000_000) == f"/{'x' * 60}…"
    assert pointer("/a", "\ud800") == "/a/?"
