"""Many jobs in one request: all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jobs.core.batch import MOST_JOBS
from jobs.core.errors import InvalidJob, QueueUnavailable, StoreUnavailable
from jobs.core.model import Priority
from jobs.core.submission import MOST_PROBLEMS
from support.gateway import event, post, send

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": []}}


def problems(world: World, batch: object) -> dict[str, str]:
    with pytest.raises(InvalidJob) as caught:
        world.api().submit.many(batch)
    assert world.store.rows == {}
    return {each.pointer: each.detail for each in caught.value.problems}


def test_a_batch_is_stored_published_and_woken_for_at_once(world: World) -> None:
    high = JOB | {"priority": "high"}
    accepted = world.api().submit.many({"jobs": [JOB, high, JOB | {"delaySeconds": 5}]})
    ids = [each.job.id for each in accepted]
    assert list(world.store.rows) == ids
    assert list(world.queue.scores[Priority.DEFAULT]) == [ids[0], ids[2]]
    assert list(world.queue.scores[Priority.HIGH]) == [ids[1]]
    assert world.waker.wakes == [(0, False)]


def test_the_largest_batch_is_taken_and_no_larger_one(world: World) -> None:
    assert len(world.api().submit.many({"jobs": [JOB] * MOST_JOBS})) == MOST_JOBS
    world.store.rows.clear()
    for wrong, count in (([], "0"), ([JOB] * (MOST_JOBS + 1), "1,001")):
        assert problems(world, {"jobs": wrong}) == {
            "/jobs": f"must be a list of 1 to 1,000 jobs, not of {count}"
        }


def test_what_is_wrong_is_said_with_its_place_and_nothing_is_stored(world: World) -> None:
    batch = [JOB, JOB | {"type": "NOPE", "tags": ["a", "a"]}, [], JOB | {"a/b": 1}]
    found = problems(world, {"jobs": batch})
    assert list(found) == ["/jobs/1/type", "/jobs/1/tags/1", "/jobs/2", "/jobs/3/a~1b"]
    assert found["/jobs/2"] == "must be an object, not a list"
    assert len(problems(world, {"jobs": [{}] * MOST_JOBS})) == MOST_PROBLEMS


@pytest.mark.parametrize(
    ("batch", "pointers"),
    [
        ([], [""]),
        (None, [""]),
        ({}, ["/jobs"]),
        ({"jobs": {}}, ["/jobs"]),
        ({"jobs": None}, ["/jobs"]),
        ({"job": [JOB]}, ["/job", "/jobs"]),
        (JOB, ["/type", "/payload", "/jobs"]),
    ],
)
def test_a_batch_is_an_object_with_a_list(world: World, batch: object, pointers: list[str]) -> None:
    assert list(problems(world, batch)) == pointers


def test_a_batch_that_could_not_be_stored_is_not_published(world: World) -> None:
    world.store.fault = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.api().submit.many({"jobs": [JOB]})
    assert (world.queue.scores[Priority.DEFAULT], world.waker.wakes) == ({}, [])


def test_a_queue_that_is_away_fails_no_batch(world: World) -> None:
    world.queue.fault = QueueUnavailable()
    assert len(world.api().submit.many({"jobs": [JOB, JOB]})) == 2
    assert world.waker.wakes == [(0, False)]
    [(name, fields)] = world.events
    assert (name, fields["jobs"]) == ("publish.failed", 2)


# Over HTTP


def test_the_answer_names_the_jobs_in_their_order(world: World) -> None:
    unique = JOB | {"uniqueKey": "u"}
    answer = post({"jobs": [unique, JOB, unique]}, resource="/jobs/batch")
    assert answer.status == 201
    first, second = (str(job_id) for job_id in world.store.rows)
    assert answer.json == {
        "jobs": [{"jobId": first}, {"jobId": second}, {"jobId": first, "existing": True}]
    }


@pytest.mark.usefixtures("world")
def test_problems_are_answered_with_pointers_into_the_body() -> None:
    answer = post({"jobs": [JOB, {}]}, resource="/jobs/batch")
    assert answer.status == 400
    assert [each["pointer"] for each in answer.json["errors"]] == [
        "/jobs/1/type",
        "/jobs/1/payload",
    ]


def test_a_key_that_would_not_be_heeded_is_refused(world: World) -> None:
    answer = post({"jobs": [JOB]}, resource="/jobs/batch", more={"Idempotency-Key": "k"})
    assert (answer.status, answer.json["title"]) == (400, "A header has a value that is not valid")
    assert world.store.rows == {}


def test_another_method_is_refused() -> None:
    answer = send(event("GET", "/jobs/batch"))
    assert (answer.status, answer.headers["allow"]) == (405, "OPTIONS, POST")
