"""Accepting a job: the row decides, the queue and the wake are best effort."""

from __future__ import annotations

from typing import TYPE_CHECKING
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
from jobs.core.model import Priority, Status

if TYPE_CHECKING:
    from support.world import World

ENVELOPE = {"type": "CSV_EXPORT", "priority": "high", "payload": {"b": 1, "a": 2}, "maxAttempts": 5}


def test_a_job_is_stored_published_and_a_poller_woken(world: World) -> None:
    job = world.api().submit(ENVELOPE)
    assert (job.status, job.priority, job.max_attempts) == (Status.PENDING, Priority.HIGH, 5)
    assert world.store.rows[job.id].job.payload == {"b": 1, "a": 2}
    assert list(world.queue.scores[Priority.HIGH]) == [job.id]
    assert world.waker.wakes == [(0, False)]


def test_no_poller_is_woken_where_one_is_at_work(world: World) -> None:
    world.queue.take("poller", limit=1, lease=10)
    world.api().submit(ENVELOPE)
    assert world.waker.wakes == []


@pytest.mark.parametrize("fault", [QueueUnavailable(), RuntimeError("a bug in a client")])
def test_a_queue_that_is_away_fails_no_request_and_wakes_a_poller(
    world: World, fault: Exception
) -> None:
    world.queue.fault = fault
    job = world.api().submit(ENVELOPE)
    assert job.id in world.store.rows
    assert world.waker.wakes == [(0, False)]
    [(event, fields)] = world.events
    assert (event, fields["job_id"], fields["level"]) == ("publish.failed", job.id, "WARNING")


def test_a_job_that_could_not_be_stored_is_neither_published_nor_woken_for(world: World) -> None:
    world.store.fault = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        world.api().submit(ENVELOPE)
    assert not world.queue.scores[Priority.HIGH]
    assert world.waker.wakes == []


def test_a_missing_schema_is_asked_for(world: World) -> None:
    world.store.fault = SchemaMissing()
    with pytest.raises(SchemaMissing):
        world.api().submit(ENVELOPE)
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
    assert len({api.submit(ENVELOPE).id for _ in range(100)}) == 100


def test_a_stored_job_can_be_read_and_an_unknown_one_cannot(world: World) -> None:
    job = world.api().submit(ENVELOPE)
    assert world.api().read(job.id) == job
    with pytest.raises(JobNotFound):
        world.api().read(uuid4())


# What came before


def test_a_request_under_a_key_is_told_from_the_one_that_came_first(world: World) -> None:
    submit = world.api().submit
    first, again = (
        submit.accept(ENVELOPE, "k"),
        submit.accept(dict(reversed(ENVELOPE.items())), "k"),
    )
    assert (first.new, first.replayed) == (True, False)
    assert (again.new, again.replayed) == (False, True)
    assert again.job == first.job
    with pytest.raises(IdempotencyKeyReused):
        submit.accept(ENVELOPE | {"maxAttempts": 6}, "k")


def test_a_key_is_kept_for_as_long_as_was_said(world: World) -> None:
    submit = world.api().submit
    first = submit.accept(ENVELOPE, "k")
    world.clock.advance(24 * 3600 - 1)
    assert submit.accept(ENVELOPE, "k").replayed
    world.clock.advance(1)
    assert submit.accept(ENVELOPE, "k").job.id != first.job.id


def test_the_open_job_of_a_unique_key_is_neither_new_nor_replayed(world: World) -> None:
    submit = world.api().submit
    wish = ENVELOPE | {"uniqueKey": "u"}
    first, again = submit.accept(wish), submit.accept(wish, "k")
    assert first.new
    assert (again.job.id, again.new, again.replayed) == (first.job.id, False, False)


def test_a_job_that_was_there_is_published_again_if_it_waits(world: World) -> None:
    submit = world.api().submit
    job = submit.accept(ENVELOPE, "k").job
    world.queue.flush()
    submit.accept(ENVELOPE, "k")
    assert list(world.queue.scores[Priority.HIGH]) == [job.id]


def test_a_job_that_is_put_off_is_published_for_its_time(world: World) -> None:
    job = world.api().submit(ENVELOPE | {"delaySeconds": 600})
    assert world.queue.scores[Priority.HIGH][job.id] == (world.clock() + 600) * 1000
    assert world.waker.wakes == [], "the schedule will have sent a poller by then"
    world.api().submit(ENVELOPE | {"delaySeconds": 59})
    assert world.waker.wakes == [(0, False)]
