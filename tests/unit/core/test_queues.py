"""Pausing queues and letting them go on, over HTTP, on fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.core.claim import Candidate, Entry
from jobs.core.errors import QueueUnavailable, SchemaMissing, StoreUnavailable
from jobs.core.job import NewJob, Priority
from jobs.core.read import Reason
from jobs.core.reconcile import BATCH_ROWS
from support.gateway import Answer, event, get, post, send

if TYPE_CHECKING:
    from support.world import World

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT
JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def pause(name: str = "default") -> Answer:
    return send(event("POST", "/queues/{name}/pause", name=name))


def resume(name: str = "default") -> Answer:
    return send(event("POST", "/queues/{name}/resume", name=name))


def submit(**more: object) -> UUID:
    return UUID(post(JOB | more).json["jobId"])


def claimed(world: World, job_id: UUID, priority: Priority = DEFAULT) -> int:
    candidates = [Candidate(job_id, priority, 0.0)]
    return len(world.store.claim(candidates, uuid4(), lease=9, request_id=None).claims)


def test_a_queue_is_paused_and_goes_on_and_either_may_be_asked_again(world: World) -> None:
    first = pause("high")
    assert first.status == 200
    assert first.headers["content-type"] == "application/json"
    assert first.json == {
        "priority": "high",
        "paused": True,
        "pausedAt": "2027-01-15T08:00:00.000Z",
    }
    world.clock.advance(60)
    assert pause("high").json == first.json
    assert pause("default").json["pausedAt"] == "2027-01-15T08:01:00.000Z"
    for _ in range(2):
        answer = resume("high")
        assert (answer.status, answer.json) == (
            200,
            {"priority": "high", "paused": False, "pausedAt": None},
        )
    stats = send(event("GET", "/stats")).json["queues"]
    assert [(each["priority"], each["paused"]) for each in stats] == [
        ("high", False),
        ("default", True),
    ]


@pytest.mark.parametrize("name", ["low", "HIGH", "high_priority", "", "high ", "é", "x" * 5000])
@pytest.mark.parametrize("what", ["pause", "resume"])
def test_another_queue_there_is_not(world: World, what: str, name: str) -> None:
    answer = send(event("POST", f"/queues/{{name}}/{what}", name=name))
    assert (answer.status, answer.json["type"]) == (404, "urn:problem-type:sluice:queue-not-found")
    assert answer.json["detail"] == "There is no queue of this name: there are high and default."
    assert not world.store.paused


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("what", ["pause", "resume"])
def test_only_post_is_taken(world: World, what: str, method: str) -> None:
    answer = send(event(method, f"/queues/{{name}}/{what}", name="high"))
    assert answer.status == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert not world.store.paused


def test_jobs_are_taken_while_their_queue_is_paused_and_wait_for_that_reason(world: World) -> None:
    before = submit()
    pause()
    after, later = post(JOB), submit(delaySeconds=60)
    assert after.status == 201
    for job_id in (before, UUID(after.json["jobId"])):
        job = get(job_id).json
        assert (job["status"], job["waiting"]) == ("pending", {"reason": Reason.PAUSED})
        assert not claimed(world, job_id)
    assert get(later).json["waiting"]["reason"] == Reason.SCHEDULED
    assert get(submit(priority="high")).json["waiting"]["reason"] != Reason.PAUSED
    resume()
    assert get(before).json["waiting"]["reason"] != Reason.PAUSED
    assert claimed(world, before)


def test_the_entries_of_a_paused_queue_are_withdrawn_and_those_of_the_other_are_not(
    world: World,
) -> None:
    submit()
    high = submit(priority="high")
    pause()
    assert world.queue.scores == {HIGH: {high: world.clock() * 1000}, DEFAULT: {}}


def test_what_is_being_worked_on_keeps_its_entry(world: World) -> None:
    job_id = submit()
    world.queue.take("poller", limit=9, lease=9)
    assert claimed(world, job_id)
    world.clock.advance(9)
    pause()
    assert [*world.queue.scores[DEFAULT]] == [job_id], "somebody has to note that its lease ended"


def test_a_queue_that_goes_on_is_published_at_once_and_a_poller_is_woken(world: World) -> None:
    pause()
    jobs = [submit(), submit()]
    later = submit(delaySeconds=600)
    world.queue.flush()
    world.waker.wakes.clear()
    resume()
    assert world.queue.scores[DEFAULT].keys() == {*jobs, later}
    assert len(world.waker.wakes) == 1


def test_more_is_published_then_than_the_schedule_mends_at_once(world: World) -> None:
    pause()
    for _ in range(BATCH_ROWS + 1):
        world.store.insert(NewJob(uuid4(), "CSV_EXPORT", {}))
    resume()
    assert len(world.queue.scores[DEFAULT]) == BATCH_ROWS + 1


def test_nobody_is_woken_where_nothing_waits(world: World) -> None:
    pause()
    resume()
    assert world.waker.wakes == []


def test_nobody_is_woken_while_a_poller_is_there_that_has_room(world: World) -> None:
    pause()
    submit()
    world.queue.flush()
    world.waker.wakes.clear()
    world.queue.take("poller", limit=9, lease=9)
    resume()
    assert world.waker.wakes == []


def test_a_queue_that_is_resumed_while_its_entries_are_withdrawn_is_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit()
    remove_ready = world.queue.remove_ready

    def resumed_first(priority: Priority) -> None:
        world.store.resume(priority)
        world.queue.publish([Entry(job_id, priority)])
        remove_ready(priority)

    monkeypatch.setattr(world.queue, "remove_ready", resumed_first)
    pause()
    assert [*world.queue.scores[DEFAULT]] == [job_id]


def test_without_redis_it_is_done_all_the_same_and_one_poller_is_woken(world: World) -> None:
    job_id = submit()
    world.waker.wakes.clear()
    world.queue.fault = QueueUnavailable("gone")
    assert pause().json["paused"] is True
    assert not claimed(world, job_id)
    world.waker.wakes.clear()
    assert resume().json["paused"] is False
    assert len(world.waker.wakes) == 1
    assert {event for event, _ in world.events} >= {"queue.update_skipped"}


@pytest.mark.parametrize("what", [pause, resume])
def test_without_the_database_nothing_is_promised(world: World, what: Any) -> None:
    world.store.fault = StoreUnavailable("gone")
    answer = what()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    world.store.fault = SchemaMissing()
    assert what().status == 503
    assert len(world.waker.wakes) == 1
