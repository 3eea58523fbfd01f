"""The API function on fakes, by the events that API Gateway sends."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from api.request import MAX_BODY_BYTES
from jobs.core.claim import Candidate
from jobs.core.errors import QueueUnavailable
from jobs.core.retry import Retry, Succeeded, decide
from support.gateway import JSON, assert_problem, event, get, health, post, send

if TYPE_CHECKING:
    from support.world import World

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "priority": "high", "payload": {"data": [{"n": 1}]}}
SECRET = "postgresql://user:hunter2@db"


def run(world: World, job_id: UUID, *outcomes: Succeeded | Retry) -> None:
    """Run one attempt of the job for each of these outcomes."""
    priority = world.store.rows[job_id].job.priority
    for outcome in outcomes:
        claimed = world.store.claim(
            [Candidate(job_id, priority, 0.0)], uuid4(), lease=9, request_id="request"
        )
        world.clock.advance(1.5)
        world.store.settle([decide(claim, outcome) for claim in claimed.claims])
        world.clock.advance(60)


# Submit


@pytest.mark.usefixtures("world")
def test_a_job_is_created() -> None:
    answer = post(EXPORT)
    assert (answer.status, answer.headers["content-type"]) == (201, JSON)
    assert list(answer.json) == ["jobId"]
    job_id = answer.json["jobId"]
    assert str(UUID(job_id)) == job_id
    assert answer.headers["location"] == f"jobs/{job_id}"


@pytest.mark.parametrize(
    "content_type",
    [None, "", JSON, "APPLICATION/JSON", "application/json; charset=utf-8", " Application/Json ;x"],
)
@pytest.mark.usefixtures("world")
def test_json_by_any_spelling_of_its_name_is_taken(content_type: str | None) -> None:
    assert post(EXPORT, content_type).status == 201


def test_a_header_in_any_case_and_a_body_in_base64_are_understood(world: World) -> None:
    body = '{"type": "CSV_EXPORT", "payload": {"é": "\U0001f600"}}'.encode()
    answer = send(event("POST", "/jobs", body=body, headers={"cOnTeNt-TyPe": JSON}))
    assert answer.status == 201
    assert world.store.rows[UUID(answer.json["jobId"])].job.payload == {"é": "\U0001f600"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/jsonp",
        "text/html; application/json",
        "x" * 100_000,
        "application/json\n, text/plain",
    ],
    ids=lambda value: value[:20],
)
def test_another_media_type_is_refused_before_the_body_is_read(
    world: World, content_type: str
) -> None:
    answer = post("{", content_type)
    document = assert_problem(answer, 415, "unsupported-media-type")
    assert "Content-Type: application/json" in document["detail"]
    assert answer.headers["accept"] == "application/json"
    assert world.store.rows == {}


@pytest.mark.usefixtures("world")
def test_a_coding_that_is_not_taken_is_answered_with_the_one_that_is() -> None:
    answer = post(EXPORT, more={"Content-Encoding": "gzip"})
    assert_problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-encoding"] == "identity"
    assert "accept" not in answer.headers


HOSTILE = [
    None,
    "",
    " ",
    "{",
    "[]",
    "null",
    "7",
    '"{}"',
    "NaN",
    "[" * 100_000,
    '{"a":' * 100_000,
    b"\xff\xfe",
    json.dumps(EXPORT).encode("utf-16"),
    json.dumps(EXPORT).encode("utf-16-le"),
    json.dumps(EXPORT | {"payload": {"n": float("nan")}}),
    json.dumps(EXPORT | {"payload": {"n": float("inf")}}),
    json.dumps(EXPORT).replace("1", "1e400"),
    json.dumps(EXPORT).replace("1", "1" * 5000),
    json.dumps(EXPORT | {"payload": {"s": "\x00"}}),
    json.dumps(EXPORT | {"payload": {"s": "\ud800"}}),
    json.dumps(EXPORT | {"payload": {"\udc00": 1}}),
    json.dumps(EXPORT)[:-1] + ', "type": "EMAIL_SEND"}',
    '{"type": "CSV_EXPORT", "payload": {"a": 1, "a": 2}}',
    "a raw \ud800 that no gateway should send",
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda value: repr(value)[:30])
def test_a_hostile_body_is_a_problem_of_the_client_and_touches_nothing(
    world: World, body: str | bytes | None
) -> None:
    answer = send(event("POST", "/jobs", body=body, headers={"Content-Type": JSON}))
    document = answer.json
    kind = "invalid-job" if body in ("[]", "null", "7", '"{}"') else "malformed-body"
    assert_problem(answer, 400, kind)
    assert document["errors"]
    assert all(list(each) == ["pointer", "detail"] for each in document["errors"])
    assert (world.store.rows, world.waker.wakes) == ({}, [])


@pytest.mark.usefixtures("world")
def test_a_body_that_is_not_the_base64_it_is_said_to_be_is_a_problem_of_the_client() -> None:
    broken = event("POST", "/jobs", headers={"Content-Type": JSON})
    for body in ("é", "abc"):
        answer = send(broken | {"body": body, "isBase64Encoded": True})
        assert_problem(answer, 400, "malformed-body")


@pytest.mark.usefixtures("world")
def test_size_is_checked_before_content() -> None:
    assert_problem(post("x" * MAX_BODY_BYTES), 400, "malformed-body")
    document = assert_problem(post("x" * (MAX_BODY_BYTES + 1)), 413, "body-too-large")
    assert str(MAX_BODY_BYTES) in document["detail"]


@pytest.mark.usefixtures("world")
def test_a_body_of_the_largest_size_is_taken() -> None:
    head = '{"type": "CSV_EXPORT", "payload": {"data": "'
    assert post(head + "x" * (MAX_BODY_BYTES - len(head) - 3) + '"}}').status == 201


@pytest.mark.usefixtures("world")
def test_every_bad_field_is_named() -> None:
    document = assert_problem(post({"type": "NOPE", "priority": 1, "x": 2}), 400, "invalid-job")
    assert [each["pointer"] for each in document["errors"]] == [
        "/type",
        "/payload",
        "/priority",
        "/x",
    ]
    assert "/type must be one of CSV_EXPORT, EMAIL_SEND" in document["detail"]


@pytest.mark.usefixtures("world")
def test_a_payload_is_the_processors_to_judge() -> None:
    assert post({"type": "CSV_EXPORT", "payload": {"data": "invalid"}}).status == 201


# Read


def test_a_job_is_shown_with_nine_members_at_least(world: World) -> None:
    world.clock.now = 1_769_509_800.0
    job_id = UUID(post(EXPORT).json["jobId"])
    run(world, job_id, Succeeded({"filePath": f"output/{job_id}.csv"}))
    answer = get(job_id)
    assert (answer.status, answer.headers["content-type"]) == (200, JSON)
    expected = {
        "id": str(job_id),
        "type": "CSV_EXPORT",
        "status": "completed",
        "priority": "high",
        "attempts": 1,
        "maxAttempts": 3,
        "progress": None,
        "result": {"filePath": f"output/{job_id}.csv"},
        "error": None,
        "tags": [],
        "nextRunAt": None,
        "createdAt": "2026-01-27T10:30:00.000Z",
        "updatedAt": "2026-01-27T10:30:01.500Z",
        "startedAt": "2026-01-27T10:30:00.000Z",
        "endedAt": "2026-01-27T10:30:01.500Z",
    }
    assert {member: answer.json[member] for member in expected} == expected


def test_the_attempts_are_shown_to_those_who_ask(world: World) -> None:
    job_id = UUID(post(EXPORT).json["jobId"])
    run(world, job_id, Retry("no luck"), Succeeded({}))
    assert "attemptHistory" not in get(job_id).json
    job = get(job_id, include=["attempts"]).json
    assert job["attempts"] == 2
    first, second = job["attemptHistory"]
    assert list(first) == ["number", "startedAt", "endedAt", "outcome", "error", "requestId"]
    assert (first["number"], first["outcome"], first["error"]) == (1, "failed", "no luck")
    assert (second["number"], second["outcome"], second["error"]) == (2, "completed", None)
    assert first["requestId"] == "request"
    assert all(re.fullmatch(r"\S+T\S+\.\d{3}Z", first[at]) for at in ("startedAt", "endedAt"))


def test_an_id_is_taken_in_capitals_too(world: World) -> None:
    job_id = post(EXPORT).json["jobId"]
    assert get(job_id.upper()).json["id"] == job_id
    assert len(world.store.rows) == 1


@pytest.mark.parametrize(
    "job_id",
    [
        "123e4567-e89b-12d3-a456-426614174000",
        "7",
        "",
        "{123e4567-e89b-12d3-a456-426614174000}",
        "urn:uuid:123e4567-e89b-12d3-a456-426614174000",
        "123e4567e89b12d3a456426614174000",
        "'; DROP TABLE jobs; --",
        "%00",
        "\x00",
        "\ud800",
        "x" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.usefixtures("world")
def test_an_unknown_id_is_not_found(job_id: str) -> None:
    assert_problem(get(job_id), 404, "job-not-found")


@pytest.mark.usefixtures("world")
def test_what_cannot_be_included_is_refused_by_name() -> None:
    job_id = post(EXPORT).json["jobId"]
    for include in (["attempts", "secrets"], ["attempts,secrets"], ["secrets"]):
        document = assert_problem(get(job_id, include=include), 400, "invalid-query")
        assert "attempts, payload, options" in document["detail"]
        assert "'secrets'" in document["detail"]
    assert_problem(get(job_id, include=[""]), 400, "invalid-query")


@pytest.mark.usefixtures("world")
def test_what_was_submitted_is_shown_to_those_who_ask() -> None:
    body = """{"payload": {"z": [1, 2.5, {"b": null, "a": "é\\u2028"}], "a": {}},
        "type": "CSV_EXPORT", "priority": "high", "backoff": {"seconds": 2}, "tags": ["t"]}"""
    job_id = post(body).json["jobId"]
    assert not {"payload", "options"} & get(job_id).json.keys()
    for include in (["payload,options"], ["options", "payload"]):
        job = get(job_id, include=include).json
        assert json.dumps(job["payload"]) == json.dumps(json.loads(body)["payload"])
        options = job["options"]
        assert (options["priority"], options["maxAttempts"], options["tags"]) == ("high", 3, ["t"])
        assert options["backoff"] == {"type": "exponential", "seconds": 2.0, "jitter": False}
        assert options["uniqueKey"] is None
    assert "options" not in get(job_id, include=["payload"]).json


@pytest.mark.usefixtures("world")
def test_a_payload_that_fits_into_no_answer_is_refused_by_name() -> None:
    payload = {"data": "🎉" * (MAX_BODY_BYTES // 4 - 100)}
    body = json.dumps({"type": "CSV_EXPORT", "payload": payload}, ensure_ascii=False)
    job_id = post(body.encode()).json["jobId"]
    assert_problem(get(job_id, include=["payload"]), 422, "answer-too-large")
    assert get(job_id, include=["options"]).status == 200
    large = {"type": "CSV_EXPORT", "payload": {"data": "x" * (MAX_BODY_BYTES - 1000)}}
    assert get(post(large).json["jobId"], include=["payload"]).json["payload"] == large["payload"]


# Health


@pytest.mark.usefixtures("world")
def test_health_is_up_when_all_parts_answer() -> None:
    answer = health()
    assert (answer.status, answer.json["status"]) == (200, "up")
    assert {name: part["status"] for name, part in answer.json["parts"].items()} == {
        "api": "up",
        "database": "up",
        "queue": "up",
        "poller": "unknown",
    }
    assert answer.json["parts"]["database"]["timeMs"] >= 0


def test_health_names_the_part_that_is_down_and_tells_no_secret(world: World) -> None:
    world.queue.fault = QueueUnavailable(SECRET)
    answer = health()
    document = assert_problem(answer, 503, "part-down")
    assert document["detail"] == "queue: does not answer"
    assert document["parts"]["database"]["status"] == "up"
    assert document["parts"]["queue"]["status"] == "down"
    assert "hunter2" not in answer.text


# While the queue does not answer


def test_a_job_is_created_while_the_queue_is_away(world: World) -> None:
    world.queue.fault = QueueUnavailable()
    assert post(EXPORT).status == 201
