"""From the end of a job to the event that tells it, on real rows and queues."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest

from fakes.bus import FakeBus
from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import AttemptFailed
from jobs.core.job import Status
from jobs.core.job_type import JobContext
from jobs.core.retry import Succeeded, decide
from jobs.processors import ALL_TYPES
from support.engine import Engine
from support.job_types import TEST_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID


class Bus(FakeBus):
    """Loses as many as it is told to: they are on it, and nobody knows."""

    lost = 0

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        put = super().put(kind, detail)
        if self.lost:
            self.lost -= 1
            raise AttemptFailed("the answer was lost")
        return put


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def engine(empty_database: str, redis_url: str, bus: Bus) -> Iterator[Engine]:
    context = JobContext(FakeObjects(), FakeMailer(), bus=bus)
    types = {**ALL_TYPES, **TEST_TYPES}
    with closing(
        Engine(empty_database, redis_url, types=types, context=context, events=True)
    ) as made:
        yield made


def cancel(engine: Engine, job_id: UUID) -> None:
    engine.control().cancel(job_id)


def events(engine: Engine) -> list[Any]:
    return engine.sql("SELECT status, attempts FROM jobs WHERE type = 'EVENT' ORDER BY created_at")


def test_every_end_is_told_once(engine: Engine, bus: Bus) -> None:
    done = engine.submit("NOOP", {"secret": 1})
    failed = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    put_off = engine.submit_body({"type": "NOOP", "payload": {}, "delaySeconds": 60})
    cancel(engine, put_off)
    engine.drain()
    told = {detail["id"]: (kind, detail["status"]) for kind, detail in bus.events}
    assert told == {
        str(done): ("JobCompleted", "completed"),
        str(failed): ("JobFailed", "failed"),
        str(put_off): ("JobCancelled", "cancelled"),
    }
    assert len({detail["eventId"] for _, detail in bus.events}) == len(bus.events) == 3
    assert events(engine) == [("completed", 1)] * 3


def test_neither_payload_nor_result_is_told(engine: Engine, bus: Bus) -> None:
    engine.submit("SLEEP", {"seconds": 0, "marked": "secret"})
    engine.drain()
    [(_, detail)] = bus.events
    assert set(detail) == {
        *("eventId", "id", "type", "priority", "status", "attempts"),
        *("createdAt", "updatedAt", "tags"),
    }
    assert "secret" not in json.dumps(detail)


def test_a_cancel_is_told_without_a_tick(engine: Engine) -> None:
    job_id = engine.submit_body({"type": "NOOP", "payload": {}, "delaySeconds": 60})
    engine.waker.wakes.clear()
    cancel(engine, job_id)
    assert [member for member, _ in engine.queued()["{jobs}:default"]] == [
        str(event) for (event,) in engine.sql("SELECT id FROM jobs WHERE type = 'EVENT'")
    ]


def test_it_is_told_again_under_the_same_id_until_the_bus_has_it(engine: Engine, bus: Bus) -> None:
    bus.lost = 1
    engine.submit()
    engine.drain()
    assert len(bus.events) == 2
    assert bus.events[0] == bus.events[1]
    assert events(engine) == [("completed", 2)]


def test_the_end_of_a_job_that_was_retried_is_another_event(engine: Engine, bus: Bus) -> None:
    job_id = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    assert engine.store.retry(job_id, uuid4(), request_id=None)
    engine.drain(scheduled=True)
    [first, second] = [detail for _, detail in bus.events]
    assert (first["id"], first["status"]) == (second["id"], second["status"])
    assert first["eventId"] != second["eventId"]


def test_no_job_ends_without_its_event(engine: Engine) -> None:
    running, waiting = engine.submit(), engine.submit()
    [claim] = engine.claim(running)
    engine.sql("ALTER TABLE jobs ADD CONSTRAINT no_events CHECK (type <> 'EVENT')")
    with pytest.raises(psycopg2.errors.CheckViolation):
        engine.store.settle([decide(claim, Succeeded({}))])
    with pytest.raises(psycopg2.errors.CheckViolation):
        engine.store.cancel(waiting)
    assert engine.job(running).status is Status.PROCESSING
    assert engine.job(waiting).status is Status.PENDING
