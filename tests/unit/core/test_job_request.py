"""Which request bodies are jobs, and every problem of those that are not."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from jobs.core.errors import InvalidJob, pointer
from jobs.core.job import Backoff, BackoffType, Idempotency, NewJob, Priority
from jobs.core.job_request import MAX_PROBLEMS, OPTIONS, JobRequests
from support.world import TYPES

JOB_ID = uuid4()
REQUESTS = JobRequests(TYPES, lambda: JOB_ID)
MEMBERS = ["type", "payload", *(option.name for option in OPTIONS.values())]
UNKNOWN = f"is unknown: one of {', '.join(MEMBERS)}"
GOOD: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": []}}


def job(name: str, payload: dict[str, Any], **options: Any) -> NewJob:
    return NewJob(JOB_ID, name, payload, **options)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD, job("CSV_EXPORT", {"data": []})),
        (GOOD | {"priority": "high"}, job("CSV_EXPORT", {"data": []}, priority=Priority.HIGH)),
        (GOOD | {"priority": "default"}, job("CSV_EXPORT", {"data": []})),
        (GOOD | {"maxAttempts": 1}, job("CSV_EXPORT", {"data": []}, max_attempts=1)),
        (GOOD | {"maxAttempts": 25}, job("CSV_EXPORT", {"data": []}, max_attempts=25)),
        (GOOD | {"maxAttempts": 2.0}, job("CSV_EXPORT", {"data": []}, max_attempts=2)),
        ({"type": "EMAIL_SEND", "payload": {}}, job("EMAIL_SEND", {})),
        (GOOD | {"payload": {"data": "invalid"}}, job("CSV_EXPORT", {"data": "invalid"})),
    ],
)
def test_bodies_in_order(body: object, expected: NewJob) -> None:
    assert REQUESTS.job(body) == expected


@pytest.mark.parametrize(
    ("body", "problems"),
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
                (3.5, "3.5"),
                (True, "true"),
                ("3", '"3"'),
                (None, "null"),
                (10**100, "a number"),
            ]
        ),
        (
            GOOD | {"prioritty": "high", "a/b~c": 1},
            {
                "/prioritty": UNKNOWN,
                "/a~1b~0c": UNKNOWN,
            },
        ),
    ],
)
def test_every_problem_is_named(body: object, problems: dict[str, str]) -> None:
    with pytest.raises(InvalidJob) as caught:
        REQUESTS.job(body)
    assert {each.pointer: each.detail for each in caught.value.problems} == problems


def test_all_problems_are_collected_up_to_a_limit() -> None:
    body = {"priority": 1, "payload": 2} | {f"unknown {n}": n for n in range(1000)}
    with pytest.raises(InvalidJob) as caught:
        REQUESTS.job(body)
    found = [each.pointer for each in caught.value.problems]
    assert found[:3] == ["/type", "/payload", "/priority"]
    assert len(found) == MAX_PROBLEMS


def test_a_pointer_to_a_hostile_name_stays_short_and_encodable() -> None:
    assert pointer("", "x" * 1_000_000) == f"/{'x' * 60}…"
    assert pointer("/a", "\ud800") == "/a/?"


# What may be left out


def asked(**more: Any) -> NewJob:
    return REQUESTS.job(GOOD | more)


def refused(**more: Any) -> dict[str, str]:
    """Where the body with these members is wrong, and why."""
    with pytest.raises(InvalidJob) as caught:
        asked(**more)
    return {each.pointer: each.detail for each in caught.value.problems}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-01-31T08:00:00Z", "2027-01-31T08:00:00+00:00"),
        ("2027-01-31t08:00:00.123456789z", "2027-01-31T08:00:00.123456+00:00"),
        ("2027-01-31T08:00:00+01:00", "2027-01-31T07:00:00+00:00"),
        ("2027-01-31T08:00:00-00:30", "2027-01-31T08:30:00+00:00"),
        ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00+00:00"),
        ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59+00:00"),
    ],
)
def test_a_time_to_run_at_is_read_with_its_offset(text: str, utc: str) -> None:
    run_at = asked(runAt=text).run_at
    assert run_at
    assert run_at.isoformat() == utc


@pytest.mark.parametrize(
    "wrong",
    [
        "2027-01-31T08:00:00",
        "2027-01-31",
        "2027-02-30T08:00:00Z",
        "2027-01-31T24:01:00Z",
        "2027-01-31T08:00Z",
        "20270131T080000Z",
        "2027-W05-7T08:00:00Z",
        "2027-01-31T08:00:00+25:00",
        "3000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "٢٠٢٧-01-31T08:00:00Z",
        "2027-01-31T08:00:00Z\n",
        "tomorrow",
        "",
        1_800_000_000,
        None,
        {},
    ],
)
def test_what_is_no_time_with_an_offset_is_refused(wrong: object) -> None:
    assert "2027-01-31T08:00:00Z, with its offset" in refused(runAt=wrong)["/runAt"]


@pytest.mark.parametrize("seconds", [0, 0.5, 90, 31_536_000])
def test_a_delay_is_seconds(seconds: float) -> None:
    assert asked(delaySeconds=seconds).delay == seconds


@pytest.mark.parametrize("wrong", [-1, 31_536_001, True, "5", None, [], 10**400])
def test_a_delay_out_of_range_is_refused(wrong: object) -> None:
    assert refused(delaySeconds=wrong)["/delaySeconds"].startswith(
        "must be a number from 0 to 31536000, not"
    )


def test_either_a_time_or_a_delay_says_when() -> None:
    assert refused(runAt="2027-01-31T08:00:00Z", delaySeconds=5) == {
        "/delaySeconds": "must not stand beside runAt: either says when"
    }


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        ({}, Backoff()),
        ({"type": "fixed"}, Backoff(BackoffType.FIXED)),
        ({"seconds": 0.25, "jitter": True}, Backoff(seconds=0.25, jitter=True)),
        ({"type": "exponential", "seconds": 0, "jitter": False}, Backoff(seconds=0)),
    ],
)
def test_a_backoff_is_read_with_its_defaults(backoff: object, expected: Backoff) -> None:
    assert asked(backoff=backoff).backoff == expected


def test_what_is_wrong_with_a_backoff_is_named() -> None:
    assert refused(backoff={"type": "linear", "seconds": -1, "jitter": 1, "more": {}}) == {
        "/backoff/type": 'must be one of exponential, fixed, not "linear"',
        "/backoff/seconds": "must be a number from 0 to 86400, not -1",
        "/backoff/jitter": "must be true or false, not 1",
        "/backoff/more": "is unknown: one of type, seconds, jitter",
    }
    assert refused(backoff="fixed") == {"/backoff": 'must be an object, not "fixed"'}


def test_an_attempt_may_be_given_less_time_than_its_type_may_take() -> None:
    assert asked(timeoutSeconds=30).timeout == 30.0
    assert refused(timeoutSeconds=30.5) == {
        "/timeoutSeconds": "must be at most 30, which CSV_EXPORT may take, not 30.5"
    }
    wrong: object
    for wrong in (0, 0.9, -1, True, "9", None):
        assert refused(timeoutSeconds=wrong)["/timeoutSeconds"].startswith(
            "must be a number from 1"
        )


def test_tags_are_distinct_short_strings() -> None:
    assert asked(tags=["b", "a", "é"]).tags == ("b", "a", "é")
    assert asked(tags=[]).tags == ()
    wanted = "must be a string of 1 to 64 characters, none of them a control character"
    assert refused(tags=["a", "", "x" * 65, 7, "a", "a\n", "\x7f"]) == {
        "/tags/1": f'{wanted}, not ""',
        "/tags/2": f"{wanted}, not a string",
        "/tags/3": f"{wanted}, not 7",
        "/tags/4": "is there twice",
        "/tags/5": f'{wanted}, not "a\n"',
        "/tags/6": f'{wanted}, not "\x7f"',
    }


@pytest.mark.parametrize("wrong", ["a", {}, None, [f"{n}" for n in range(21)]])
def test_tags_are_a_list_of_at_most_twenty(wrong: object) -> None:
    assert refused(tags=wrong)["/tags"].startswith("must be a list of at most 20 strings")


def test_a_unique_key_may_be_held_for_a_time() -> None:
    held = asked(uniqueKey="nightly", uniqueFor=60)
    assert (held.unique_key, held.unique_for) == ("nightly", 60.0)
    assert refused(uniqueFor=60) == {"/uniqueFor": "needs a uniqueKey beside it"}
    assert list(refused(uniqueKey="", uniqueFor=0)) == ["/uniqueKey", "/uniqueFor"]


def test_a_job_belongs_to_its_owner_and_to_its_idempotency_key() -> None:
    key = Idempotency("k", "hash", 60.0)
    made = REQUESTS.job(GOOD, "ann", key)
    assert (made.owner, made.idempotency) == ("ann", key)
    assert (asked().owner, asked().idempotency) == (None, None)
