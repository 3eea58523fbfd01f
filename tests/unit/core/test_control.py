"""Cancelling and retrying over HTTP, on fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.core.claim import Candidate
from jobs.core.control import MAX_RETRIED_JOBS
from jobs.core.errors import QueueUnavailable, SchemaMissing
from jobs.core.job import NewJob, Priority, Status
from jobs.core.retry import Failed, decide
from support.gateway import Answer, event, get, post, send

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def submit(**more: object) -> UUID:
    return UUID(post(JOB | more).json["jobId"])


def fail(world: World, *ids: UUID) -> None:
    candidates = [Candidate(job_id, Priority.DEFAULT, 0.0) for job_id in ids]
    claimed = world.store.claim(candidates, uuid4(), lease=9, request_id=None)
    world.store.settle([decide(claim, Failed("no")) for claim in claimed.claims])
    for job_id in ids:
        world.queue.scores[Priority.DEFAULT].pop(job_id, None)


def cancel(job_id: object) -> Answer:
    return send(event("DELETE", "/jobs/{id}", id=str(job_id)))


def run(job_id: object) -> Answer:
    return send(event("POST", "/jobs/{id}/run", id=str(job_id)))


def test_a_job_that_waits_for_its_time_is_run_now(world: World) -> None:
    job_id = submit(delaySeconds=3600)
    answer = run(job_id)
    assert (answer.status, answer.json["status"]) == (200, "pending")
    assert answer.json["nextRunAt"] == answer.json["updatedAt"]
    assert run(job_id).status == 200
    fail(world, job_id)
    late = run(job_id)
    assert (late.status, late.json["type"]) == (409, "urn:problem-type:sluice:job-not-pending")
    assert "the job is failed" in late.json["detail"]
    assert run(uuid4()).status == 404


def retry(job_id: object) -> Answer:
    return send(event("POST", "/jobs/{id}/retry", id=str(job_id)))


def retry_all(**query: list[str]) -> Answer:
    return send(event("POST", "/jobs/retry", query=query or None))


def kind(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["type"].rpartition(":")[2]


def test_a_waiting_job_is_cancelled_and_leaves_its_queue(world: World) -> None:
    job_id = submit()
    answer = cancel(job_id)
    assert (answer.status, answer.json["status"], answer.json["id"]) == (
        200,
        "cancelled",
        str(job_id),
    )
    assert "waiting" not in answer.json
    assert world.queue.scores[Priority.DEFAULT] == {}
    assert cancel(job_id).status == 200


def test_what_is_to_be_told_of_a_cancel_goes_out_at_once(world: World) -> None:
    url = "https://example.com"
    new = NewJob(uuid4(), "CSV_EXPORT", {}, priority=Priority.HIGH, callback_url=url)
    job = world.store.insert(new)
    assert cancel(job.id).status == 200
    [told] = world.queue.scores[Priority.HIGH]
    assert world.store.rows[told].job.type == "CALLBACK"
    assert world.waker.wakes == [(0, False)]
    cancel(job.id)
    assert world.waker.wakes == [(0, False)]


def test_a_cancel_of_which_nobody_is_told_wakes_nobody(world: World) -> None:
    job = world.store.insert(NewJob(uuid4(), "CSV_EXPORT", {}))
    assert cancel(job.id).status == 200
    assert world.waker.wakes == []


def test_it_is_too_late_for_a_job_that_has_ended(world: World) -> None:
    job_id = submit()
    fail(world, job_id)
    answer = cancel(job_id)
    assert kind(answer) == (409, "too-late")
    assert answer.json["detail"] == "the job is failed already"


def test_a_queue_that_is_away_prevents_no_cancelling(world: World) -> None:
    job_id = submit()
    world.queue.fault = QueueUnavailable()
    assert cancel(job_id).status == 200
    assert world.store.rows[job_id].status is Status.CANCELLED
    assert world.events[-1][0] == "queue.update_skipped"


def test_a_failed_job_is_retried_published_and_woken_for(world: World) -> None:
    job_id = submit()
    fail(world, job_id)
    world.clock.advance(60)
    world.waker.wakes.clear()
    answer = retry(job_id)
    assert (answer.status, answer.json["status"], answer.json["attempts"]) == (200, "pending", 0)
    assert list(world.queue.scores[Priority.DEFAULT]) == [job_id]
    assert world.waker.wakes == [(0, False)]
    history = get(job_id, include=["attempts"]).json["attemptHistory"]
    assert [each["outcome"] for each in history] == ["failed", "retried"]
    assert UUID(history[-1]["requestId"]), "the invocation that did it"
    assert kind(retry(job_id)) == (409, "job-not-failed")


def test_a_job_whose_unique_key_is_taken_is_not_retried(world: World) -> None:
    job_id = submit(uniqueKey="u")
    fail(world, job_id)
    submit(uniqueKey="u")
    assert kind(retry(job_id)) == (409, "unique-key-taken")


def test_many_failed_jobs_are_retried_at_once(world: World) -> None:
    jobs = [submit() for _ in range(3)]
    mail = submit(type="EMAIL_SEND")
    fail(world, *jobs, mail)
    assert retry_all(type=["EMAIL_SEND"]).json == {"retried": 1, "more": False}
    assert retry_all(since=["2999-01-01T00:00:00Z"]).json == {"retried": 0, "more": False}
    assert retry_all().json == {"retried": 3, "more": False}
    assert set(world.queue.scores[Priority.DEFAULT]) == {*jobs, mail}


def test_there_may_be_more_than_are_retried_in_one_go(world: World) -> None:
    batch = post({"jobs": [JOB] * MAX_RETRIED_JOBS}, resource="/jobs/batch").json["jobs"]
    jobs = [UUID(each["jobId"]) for each in batch]
    fail(world, *jobs, submit())
    assert retry_all().json == {"retried": MAX_RETRIED_JOBS, "more": True}
    assert retry_all().json == {"retried": 1, "more": False}


@pytest.mark.parametrize(
    "query", [{"typ": ["X"]}, {"since": ["now"]}, {"type": ["A", "B"]}, {"type": ["\x00"]}]
)
@pytest.mark.usefixtures("world")
def test_what_cannot_be_asked_for_is_refused(query: dict[str, list[str]]) -> None:
    assert kind(retry_all(**query)) == (400, "invalid-query")


@pytest.mark.parametrize("body", ['{"type": "EMAIL_SEND"}', b"[]", "x", b"\xff"])
def test_a_body_that_would_not_be_heeded_is_refused(world: World, body: str | bytes) -> None:
    job_id, failed = submit(), submit()
    fail(world, failed)
    for method, path, its in (
        ("DELETE", "/jobs/{id}", job_id),
        ("POST", "/jobs/{id}/retry", failed),
        ("POST", "/jobs/retry", None),
        ("POST", "/queues/{name}/pause", None),
        ("POST", "/queues/{name}/resume", None),
    ):
        assert kind(send(event(method, path, body=body, id=str(its), name="high"))) == (
            400,
            "malformed-body",
        )
    assert [get(each).json["status"] for each in (job_id, failed)] == ["pending", "failed"]
    assert not send(event("GET", "/stats")).json["queues"][0]["paused"]


@pytest.mark.parametrize("body", ["", " {}\n", b"null", b""])
def test_a_body_that_says_nothing_is_passed_over(world: World, body: str | bytes) -> None:
    fail(world, submit())
    assert send(event("POST", "/jobs/retry", body=body)).json == {"retried": 1, "more": False}


@pytest.mark.usefixtures("world")
def test_an_unknown_job_is_not_found() -> None:
    for unknown in (uuid4(), "7", "\x00"):
        assert kind(cancel(unknown)) == (404, "job-not-found")
        assert kind(retry(unknown)) == (404, "job-not-found")


def test_a_missing_schema_is_asked_for(world: World) -> None:
    world.store.fault = SchemaMissing()
    for answer in (cancel(uuid4()), retry(uuid4()), retry_all()):
        assert kind(answer) == (503, "schema-missing")
    assert len(world.waker.wakes) == 3
