"""Show a job: why it waits, its result, and its next change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.core.claim import Candidate
from jobs.core.errors import QueueUnavailable, StoreUnavailable
from jobs.core.job import Priority
from jobs.core.read import Reason, Waiting
from jobs.core.retry import Failed, Retry, Succeeded, decide
from support.gateway import Answer, event, get, post, send

if TYPE_CHECKING:
    from jobs.core.job import Job
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def submit(**more: object) -> UUID:
    return UUID(post(JOB | more).json["jobId"])


def attempt(world: World, job_id: UUID, outcome: Succeeded | Failed | Retry) -> None:
    candidates = [Candidate(job_id, Priority.DEFAULT, 0.0)]
    claimed = world.store.claim(candidates, uuid4(), lease=9, request_id=None)
    world.store.settle([decide(claim, outcome) for claim in claimed.claims])


def result(job_id: object) -> Answer:
    return send(event("GET", "/jobs/{id}/result", id=str(job_id)))


def watch(job_id: object, **query: list[str]) -> Answer:
    return send(event("GET", "/jobs/{id}/events", id=str(job_id), query=query or None))


# Results


def test_a_result_that_names_an_object_is_a_link_to_it(world: World) -> None:
    job_id = submit()
    key = f"output/{job_id}.csv"
    attempt(world, job_id, Succeeded({"filePath": key, "bucket": "b", "key": key}))
    answer = result(job_id)
    assert answer.status == 303
    assert answer.headers["location"] == f"https://b.example/{key}?expires=300"
    assert answer.headers["cache-control"] == "no-store"


def asked(job_id: UUID, method: str, accept: str) -> Answer:
    headers = {"Accept": accept}
    return send(event(method, "/jobs/{id}/result", headers=headers, id=str(job_id)))


@pytest.mark.parametrize("accept", ["text/csv", "application/json", "*/*", "text/*;q=0.5"])
def test_a_link_is_given_whatever_is_accepted_and_a_result_is_json(
    world: World, accept: str
) -> None:
    exported, mailed = submit(), submit()
    attempt(world, exported, Succeeded({"bucket": "b", "key": "k.csv"}))
    attempt(world, mailed, Succeeded({"messageId": "<x@y>"}))
    assert asked(exported, "GET", accept).status == 303
    assert asked(mailed, "GET", accept).status == (406 if accept.startswith("text") else 200)


def test_a_head_gets_a_link_for_a_head(world: World) -> None:
    job_id = submit()
    attempt(world, job_id, Succeeded({"bucket": "b", "key": "k"}))
    answer = asked(job_id, "HEAD", "text/csv")
    assert (answer.status, answer.text) == (303, "")
    assert answer.headers["location"] == "https://b.example/k?expires=300&head"
    assert asked(job_id, "GET", "*/*").headers["location"] == "https://b.example/k?expires=300"


def test_a_link_to_an_object_that_is_gone_is_not_given(world: World) -> None:
    job_id = submit()
    attempt(world, job_id, Succeeded({"bucket": "b", "key": "k"}))
    world.links.gone.add("k")
    answer = result(job_id)
    assert (answer.status, answer.json["type"]) == (410, "urn:problem-type:sluice:result-gone")
    assert "it has expired, or its bucket was deleted" in answer.json["detail"]


def test_another_result_is_the_answer_itself(world: World) -> None:
    job_id = submit()
    attempt(world, job_id, Succeeded({"messageId": "<x@y>"}))
    answer = result(job_id)
    assert (answer.status, answer.json) == (200, {"messageId": "<x@y>"})


def test_a_job_that_is_not_completed_has_no_result(world: World) -> None:
    waiting, failed = submit(), submit()
    attempt(world, failed, Failed("no"))
    for job_id, status in ((waiting, "pending"), (failed, "failed")):
        answer = result(job_id)
        assert (answer.status, answer.json["type"]) == (409, "urn:problem-type:sluice:no-result")
        assert answer.json["detail"] == f"the job is {status}"
    assert result(uuid4()).status == 404


# Waiting for a change


def test_it_answers_when_the_job_changes(world: World) -> None:
    job_id = submit()
    began = world.clock()
    world.later = [lambda: None, lambda: attempt(world, job_id, Retry("no"))]
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
    attempt(world, job_id, Retry("no"))
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
    attempt(world, job_id, Succeeded({}))
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


# Why it waits


def made(world: World, **more: object) -> Job:
    return world.api().submit(JOB | more).job


def why(world: World, job: Job) -> Waiting | None:
    read = world.api().read
    return read.waiting(read(job.id))


def test_a_job_waits_for_its_turn_behind_its_queue_and_the_more_urgent_one(world: World) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(made(world))
        world.clock.advance(0.1)
    high = made(world, priority="high")
    made(world, delaySeconds=1)
    world.queue.take("poller", limit=0, lease=9)
    assert [why(world, job) for job in jobs] == [
        Waiting(Reason.QUEUED, position) for position in (2, 3, 4)
    ]
    assert why(world, high) == Waiting(Reason.QUEUED, 1)


def test_a_poller_that_was_woken_counts_until_it_should_be_there(world: World) -> None:
    job = made(world)
    assert why(world, job) == Waiting(Reason.QUEUED, 1)
    world.clock.advance(60)
    assert why(world, job) == Waiting(Reason.NO_POLLER, 1)


def test_a_job_waits_until_its_time(world: World) -> None:
    job = made(world, delaySeconds=3)
    assert why(world, job) == Waiting(Reason.SCHEDULED, until=job.due_at)
    world.clock.advance(3)
    waiting = why(world, job)
    assert waiting
    assert waiting.reason is Reason.QUEUED


def test_a_job_waits_out_its_backoff(world: World) -> None:
    job = made(world)
    attempt(world, job.id, Retry("no"))
    waiting = why(world, job)
    assert waiting
    assert (waiting.reason, waiting.position) == (Reason.BACKOFF, None)
    assert waiting.until


def test_a_job_that_runs_or_has_ended_waits_for_nothing(world: World) -> None:
    job = made(world)
    world.store.claim([Candidate(job.id, job.priority, 0.0)], uuid4(), lease=9, request_id=None)
    assert why(world, job) is None
    done = made(world)
    attempt(world, done.id, Succeeded({}))
    assert why(world, done) is None


def test_without_the_queue_a_job_is_shown_with_what_is_known(world: World) -> None:
    job = made(world)
    world.queue.fault = QueueUnavailable("gone")
    assert why(world, job) == Waiting(Reason.QUEUED)
    [(event, fields)] = world.events
    assert (event, fields["error"]) == ("queue.unavailable", "gone")


def test_an_entry_that_was_lost_has_no_position(world: World) -> None:
    job = made(world)
    world.queue.flush()
    assert why(world, job) == Waiting(Reason.NO_POLLER)


def test_it_is_shown_with_the_job(world: World) -> None:
    world.clock.now = 1_769_509_800.0
    job_id = UUID(post(JOB).json["jobId"])
    job = get(job_id).json
    assert job["waiting"] == {"reason": "queued", "position": 1}
    assert job["nextRunAt"] == "2026-01-27T10:30:00.000Z"
    later = UUID(post(JOB | {"delaySeconds": 2.5, "tags": ["a"]}).json["jobId"])
    job = get(later).json
    assert job["waiting"] == {"reason": "scheduled", "until": "2026-01-27T10:30:02.500Z"}
    assert (job["nextRunAt"], job["tags"]) == ("2026-01-27T10:30:02.500Z", ["a"])


def test_beside_as_many_as_may_wait_another_is_answered_at_once(world: World) -> None:
    job_id, ended = submit(), submit()
    attempt(world, ended, Succeeded({}))
    old = get(job_id).headers["etag"]
    world.poll_slots.most = 0
    began = world.clock()
    answer = watch(job_id)
    assert (answer.status, answer.json["type"]) == (429, "urn:problem-type:sluice:too-many-polls")
    assert int(answer.headers["retry-after"]) > 0
    assert watch(job_id, wait=["0"]).status == 200, "this one would not wait"
    assert watch(ended).status == 200
    world.clock.advance(1)
    began += 1
    attempt(world, job_id, Retry("no"))
    assert watch(job_id, since=[old]).json["attempts"] == 1
    assert world.clock() == began


def test_a_wait_gives_its_slot_back_however_it_ends(world: World) -> None:
    def fail() -> None:
        world.store.fault = StoreUnavailable()

    job_id = submit()
    assert watch(job_id, wait=["1"]).status == 200
    world.later = [fail]
    assert watch(job_id).status == 503
    assert world.poll_slots.taken == {}


def test_a_slot_lasts_as_long_as_the_longest_wait_of_its_function(world: World) -> None:
    taken: list[float] = []
    world.later = [lambda: taken.extend(world.poll_slots.taken.values())]
    began = world.clock()
    watch(submit(), wait=["25"])
    assert [until - began for until in taken] == [pytest.approx(30)]


def test_nobody_waits_uncounted_while_the_queue_is_away(world: World) -> None:
    world.poll_slots.fault = QueueUnavailable()
    answer = watch(submit())
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")
