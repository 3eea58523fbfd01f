"""How everything stands, over HTTP, on fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jobs.core.claim import Candidate
from jobs.core.errors import QueueUnavailable, StoreUnavailable
from jobs.core.job import Priority
from jobs.core.retry import Failed, Succeeded, decide
from support.gateway import Answer, event, post, send

if TYPE_CHECKING:
    from support.world import World

JOB: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}}


def stats() -> Answer:
    return send(event("GET", "/stats"))


def test_an_empty_system_has_stats_too(world: World) -> None:
    answer = stats()
    assert answer.status == 200
    nothing = {"ready": 0, "scheduled": 0, "inFlight": 0, "oldestSeconds": None, "paused": False}
    assert answer.json == {
        "queues": [{"priority": "high", **nothing}, {"priority": "default", **nothing}],
        "types": [],
        "window": {"seconds": 3600.0, "attempts": 10_000},
        "pollers": {"atWork": 0, "lastSeenSecondsAgo": None},
    }
    assert world.waker.wakes == []


def test_queues_types_and_pollers_are_told_of(world: World) -> None:
    post(JOB)
    post(JOB | {"delaySeconds": 600})
    world.clock.advance(2)
    for outcome in (Succeeded({}), Succeeded({}), Failed("no")):
        job_id = UUID(post(JOB | {"priority": "high"}).json["jobId"])
        world.clock.advance(1)
        candidates = [Candidate(job_id, Priority.HIGH, 0.0)]
        claimed = world.store.claim(candidates, uuid4(), lease=9, request_id=None)
        world.clock.advance(3)
        world.store.settle([decide(claim, outcome) for claim in claimed.claims])
    world.queue.take("one", limit=0, lease=9)
    answer = stats().json
    assert answer["queues"][1] == {
        "priority": "default",
        "ready": 1,
        "scheduled": 1,
        "inFlight": 0,
        "oldestSeconds": 14.0,
        "paused": False,
    }
    assert answer["types"] == [
        {
            "type": "CSV_EXPORT",
            "completed": 2,
            "failed": 1,
            "cancelled": 0,
            "failureRate": 0.3333,
            "waitSeconds": {"p50": 1.0, "p99": 1.0},
            "runSeconds": {"p50": 3.0, "p99": 3.0},
        }
    ]
    assert answer["pollers"] == {"atWork": 1, "lastSeenSecondsAgo": 0.0}


def test_without_the_queue_the_rows_are_counted_all_the_same(world: World) -> None:
    post(JOB)
    world.queue.fault = QueueUnavailable("gone")
    answer = stats()
    assert (answer.status, answer.json["pollers"]) == (200, None)
    assert answer.json["queues"][1]["ready"] == 1


def test_without_the_database_there_are_none(world: World) -> None:
    world.store.fault = StoreUnavailable()
    assert stats().status == 503


def test_liveness_asks_nobody(world: World) -> None:
    world.store.fault = world.queue.fault = AssertionError("not to be asked")
    answer = send(event("GET", "/health/live"))
    assert (answer.status, answer.json) == (200, {"status": "up"})
