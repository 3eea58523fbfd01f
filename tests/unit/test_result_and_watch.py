"""Getting what a job has made, and waiting for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.core.model import Hint, Priority
from jobs.core.outcome import Done, GiveUp, TryAgain
from jobs.core.retry import decide
from support.gateway import Answer, event, get, post, send

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def submit(**more: object) -> UUID:
    return UUID(post(JOB | more).json["jobId"])


def attempt(world: World, job_id: UUID, outcome: Done | GiveUp | TryAgain) -> None:
    hints = [Hint(job_id, Priority.DEFAULT, 0.0)]
    claimed = world.store.claim(hints, uuid4(), lease=9, request_id=None)
    world.store.settle([decide(claim, outcome) for claim in claimed.claims])


def result(job_id: object) -> Answer:
    return send(event("GET", "/jobs/{id}/result", id=str(job_id)))


def watch(job_id: object, **query: list[str]) -> Answer:
    return send(event("GET", "/jobs/{id}/events", id=str(job_id), query=query or None))


# Results


def test_a_result_that_names_an_object_is_a_link_to_it(world: World) -> None:
    job_id = submit()
    key = f"output/{job_id}.csv"
    attempt(world, job_id, Done({"filePath": key, "bucket": "b", "key": key}))
    answer = result(job_id)
    assert answer.status == 303
    assert answer.headers["location"] == f"https://bucket.example/{key}?expires=300"
    assert answer.headers["cache-control"] == "no-store"


def test_another_result_is_the_answer_itself(world: World) -> None:
    job_id = submit()
    attempt(world, job_id, Done({"messageId": "<x@y>"}))
    answer = result(job_id)
    assert (answer.status, answer.json) == (200, {"messageId": "<x@y>"})


def test_a_job_that_is_not_completed_has_no_result(world: World) -> None:
    waiting, failed = submit(), submit()
    attempt(world, failed, GiveUp("no"))
    for job_id, status in ((waiting, "pending"), (failed, "failed")):
        answer = result(job_id)
        assert (answer.status, answer.json["type"]) == (409, "urn:problem-type:sluice:no-result")
        assert answer.json["detail"] == f"the job is {status}"
    assert result(uuid4()).status == 404


# Waiting for a change


def test_it_answers_when_the_job_changes(world: World) -> None:
    job_id = submit()
    began = world.clock()
    world.later = [lambda: None, lambda: attempt(world, job_id, TryAgain("no"))]
    answer = watch(job_id)
    assert (answer.status, answer.json["attempts"]) == (200, 1)
    assert answer.json["waiting"]["reason"] == "backoff"
    assert world.clock() - began < 1


def test_it_answers_with_the_job_as_it_is_when_time_is_up(world: World) -> None:
    job_id = submit()
    for wait, seconds in ((None, 20), ("3", 3), ("0", 0)):
        began = world.clock()
        answer = watch(job_id, **({"wait": [wait]} if wait else {}))
        assert (answer.status, answer.json["status"]) == (200, "pending")
        assert world.clock() - began == pytest.approx(seconds, abs=0.01)


def test_it_answers_at_once_where_the_client_knows_an_older_state(world: World) -> None:
    job_id = submit()
    before = get(job_id)
    world.clock.advance(1)
    attempt(world, job_id, TryAgain("no"))
    began = world.clock()
    for since in (before.json["updatedAt"], before.headers["etag"], "0.000000"):
        assert watch(job_id, since=[since]).json["attempts"] == 1
    assert world.clock() == began
    now = get(job_id)
    for known in (
        now.json["updatedAt"],
        now.json["updatedAt"].replace("Z", " 00:00"),
        now.headers["etag"],
        now.headers["etag"].removeprefix("W/").strip('"'),
    ):
        began = world.clock()
        assert watch(job_id, since=[known], wait=["2"]).status == 200
        assert world.clock() - began == pytest.approx(2, abs=0.01)


def test_a_client_may_know_a_time_of_change_after_2038(world: World) -> None:
    """From then on a quarter of all milliseconds are less than themselves, as floats of seconds."""
    world.clock.advance(datetime(2038, 7, 1, tzinfo=UTC).timestamp() - world.clock())
    for _ in range(20):
        world.clock.advance(0.0013)
        job_id = submit()
        began = world.clock()
        watch(job_id, since=[get(job_id).json["updatedAt"]], wait=["1"])
        assert world.clock() - began == pytest.approx(1, abs=0.01)


def test_a_job_that_has_ended_is_not_waited_for(world: World) -> None:
    job_id = submit()
    attempt(world, job_id, Done({}))
    began = world.clock()
    answer = watch(job_id, since=[get(job_id).headers["etag"]])
    assert answer.json["status"] == "completed"
    assert world.clock() == began


@pytest.mark.parametrize(
    "query",
    [
        {"wait": ["26"]},
        {"wait": ["-1"]},
        {"wait": ["0.5"]},
        {"wait": ["x"]},
        {"wait": ["1", "2"]},
        {"wat": ["1"]},
        {"since": ["nonsense"]},
        {"since": [""]},
        {"since": ["1"]},
        {"since": ["2026-01-27"]},
        {"since": ['W/"1795763501.179912", W/"1"']},
    ],
)
@pytest.mark.usefixtures("world")
def test_what_cannot_be_waited_for_is_refused(query: dict[str, list[str]]) -> None:
    answer = watch(submit(), **query)
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-query")


@pytest.mark.usefixtures("world")
def test_an_unknown_job_is_not_waited_for() -> None:
    assert watch(uuid4()).status == 404
