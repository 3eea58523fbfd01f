"""Accept jobs, one or many: the rows decide, the queue and the wake are best effort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.errors import (
    IdempotencyKeyReused,
    InvalidJob,
    JobNotFound,
    QueueUnavailable,
    SchemaMissing,
    StoreUnavailable,
)
from jobs.core.job import Priority, Status
from jobs.core.job_request import MAX_BATCH_JOBS, MAX_PROBLEMS
from support.gateway import event, post, send

if TYPE_CHECKING:
    from support.world import World

BODY = {"type": "CSV_EXPORT", "priority": "high", "payload": {"b": 1, "a": 2}, "maxAttempts": 5}
JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": []}}


def test_a_job_is_stored_published_and_a_poller_woken(world: World) -> None:
    job = world.api().submit(BODY).job
    assert (job.status, job.priority, job.max_attempts) == (Status.PENDING, Priority.HIGH, 5)
    assert world.store.rows[job.id].job.payload == {"b": 1, "a": 2}
    assert list(world.queue.scores[Priority.HIGH]) == [job.id]
    assert world.waker.wakes == [(0, False)]


def test_no_poller_is_woken_where_one_is_at_work(world: World) -> None:
    world.queue.take("poller", limit=1, lease=10)
    world.api().submit(BODY)
    assert world.waker.wakes == []


@pytest.mark.parametrize("fault", [QueueUnavailable(), RuntimeError("a bug in a client")])
def test_a_queue_that_is_away_fails_no_request_and_wakes_a_poller(
    world: World, fault: Exception
) -> None:
    world.queue.fault = fault
    job = world.api().submit(BODY).job
    assert job.id in world.store.rows
    assert world.waker.wakes == [(0, False)]
    [(name, fields)] = world.events
    assert (name, fields["level"]) == ("queue.update_skipped", "WARNING")
    assert fields["error"] == str(fault)


def test_a_job_that_could_not_be_stored_is_neither_published_nor_woken_for(world: World) -> None:
    world.store.fault = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.api().submit(BODY)
    assert not world.queue.scores[Priority.HIGH]
    assert world.waker.wakes == []


def test_a_missing_schema_is_asked_for(world: World) -> None:
    world.store.fault = SchemaMissing()
    with pytest.raises(SchemaMissing):
        world.api().submit(BODY)
    with pytest.raises(SchemaMissing):
        world.api().read(uuid4())
    assert world.waker.wakes == [(0, False), (0, False)]


def test_an_envelope_out_of_order_touches_nothing(world: World) -> None:
    world.store.fault = world.queue.fault = AssertionError("not to be asked")
    with pytest.raises(InvalidJob):
        world.api().submit({})
    assert world.waker.wakes == []


def test_every_job_has_an_id_of_its_own(world: World) -> None:
    api = world.api()
    assert len({api.submit(BODY).job.id for _ in range(100)}) == 100


def test_a_stored_job_can_be_read_and_an_unknown_one_cannot(world: World) -> None:
    job = world.api().submit(BODY).job
    assert world.api().read(job.id) == job
    with pytest.raises(JobNotFound):
        world.api().read(uuid4())


# What came before


def test_a_request_under_a_key_is_told_from_the_one_that_came_first(world: World) -> None:
    submit = world.api().submit
    first, again = (
        submit(BODY, "k"),
        submit(dict(reversed(BODY.items())), "k"),
    )
    assert (first.new, first.replayed) == (True, False)
    assert (again.new, again.replayed) == (False, True)
    assert again.job == first.job
    with pytest.raises(IdempotencyKeyReused):
        submit(BODY | {"maxAttempts": 6}, "k")


def test_a_key_is_kept_for_as_long_as_was_said(world: World) -> None:
    submit = world.api().submit
    first = submit(BODY, "k")
    world.clock.advance(24 * 3600 - 1)
    assert submit(BODY, "k").replayed
    world.clock.advance(1)
    assert submit(BODY, "k").job.id != first.job.id


def test_the_open_job_of_a_unique_key_is_neither_new_nor_replayed(world: World) -> None:
    submit = world.api().submit
    body = BODY | {"uniqueKey": "u"}
    first, again = submit(body), submit(body, "k")
    assert first.new
    assert (again.job.id, again.new, again.replayed) == (first.job.id, False, False)


def test_a_job_that_was_there_is_published_again_if_it_waits(world: World) -> None:
    submit = world.api().submit
    job = submit(BODY, "k").job
    world.queue.flush()
    submit(BODY, "k")
    assert list(world.queue.scores[Priority.HIGH]) == [job.id]


def test_a_job_that_is_put_off_is_published_for_its_time(world: World) -> None:
    job = world.api().submit(BODY | {"delaySeconds": 600}).job
    assert world.queue.scores[Priority.HIGH][job.id] == (world.clock() + 600) * 1000
    assert world.waker.wakes == [], "the schedule will have sent a poller by then"
    world.api().submit(BODY | {"delaySeconds": 59})
    assert world.waker.wakes == [(0, False)]


# Many jobs in one request: all or none


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
    assert len(world.api().submit.many({"jobs": [JOB] * MAX_BATCH_JOBS})) == MAX_BATCH_JOBS
    world.store.rows.clear()
    for wrong, count in (([], "0"), ([JOB] * (MAX_BATCH_JOBS + 1), "1,001")):
        assert problems(world, {"jobs": wrong}) == {
            "/jobs": f"must be a list of 1 to 1,000 jobs, not of {count}"
        }


def test_what_is_wrong_is_said_with_its_place_and_nothing_is_stored(world: World) -> None:
    batch = [JOB, JOB | {"type": "NOPE", "tags": ["a", "a"]}, [], JOB | {"a/b": 1}]
    found = problems(world, {"jobs": batch})
    assert list(found) == ["/jobs/1/type", "/jobs/1/tags/1", "/jobs/2", "/jobs/3/a~1b"]
    assert found["/jobs/2"] == "must be an object, not a list"
    assert len(problems(world, {"jobs": [{}] * MAX_BATCH_JOBS})) == MAX_PROBLEMS


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
    [(name, _)] = world.events
    assert name == "queue.update_skipped"


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
