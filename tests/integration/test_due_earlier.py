"""A job that is due earlier than its entry says: by `Control.run`, or by hand in its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.errors import JobNotFound, JobNotPending
from jobs.core.job import Priority, Status
from jobs.core.reconcile import reconcile

if TYPE_CHECKING:
    from uuid import UUID

    from support.engine import Engine

HOUR = 3600.0


def put_off(engine: Engine, **more: Any) -> UUID:
    return engine.submit_body({"type": "NOOP", "payload": {}, "delaySeconds": HOUR, **more})


def test_a_job_that_is_run_now_is_run_by_the_poller_that_is_woken(engine: Engine) -> None:
    job_id = put_off(engine)
    other = put_off(engine)
    assert engine.waker.wakes == []
    job = engine.control().run(job_id)
    assert (job.status, job.due_in) == (Status.PENDING, 0.0)
    assert len(engine.waker.wakes) == 1
    engine.drain()
    assert engine.job(job_id).status is Status.COMPLETED
    assert engine.job(other).status is Status.PENDING


def test_a_job_that_is_run_now_is_published_if_the_queue_has_forgotten_it(engine: Engine) -> None:
    job_id = put_off(engine, priority="high")
    engine.redis.flushall()
    engine.control().run(job_id)
    engine.drain()
    assert engine.job(job_id).status is Status.COMPLETED


def test_a_job_that_has_ended_or_never_was_cannot_be_run_now(engine: Engine) -> None:
    job_id = engine.submit()
    engine.drain()
    before = engine.row(job_id)
    with pytest.raises(JobNotPending, match="the job is completed"):
        engine.control().run(job_id)
    with pytest.raises(JobNotFound):
        engine.control().run(uuid4())
    assert engine.row(job_id) == before
    assert not any(engine.queued().values())


def test_a_row_that_is_made_due_by_hand_is_run_after_the_next_tick(engine: Engine) -> None:
    engine.drain(scheduled=True)
    job_id, other = put_off(engine), put_off(engine, priority="high")
    engine.sql("UPDATE jobs SET due_at = now() WHERE id = %s", str(job_id))
    engine.drain()
    assert engine.job(job_id).status is Status.PENDING
    engine.drain(scheduled=True)
    assert engine.job(job_id).status is Status.COMPLETED
    assert engine.job(other).status is Status.PENDING
    assert engine.log.of("queue.repaired") == [{"entries": 0, "moved": 1}]


def test_a_row_that_is_put_off_by_hand_is_run_at_its_new_time(engine: Engine) -> None:
    job_id = engine.submit()
    engine.sql("UPDATE jobs SET due_at = now() + interval '1 hour' WHERE id = %s", str(job_id))
    engine.drain(scheduled=True)
    assert engine.job(job_id).status is Status.PENDING
    assert not engine.log.of("queue.repaired")


def test_entries_of_jobs_that_are_worked_on_are_left_where_they_are(engine: Engine) -> None:
    ids = [engine.submit() for _ in range(3)]
    taken = engine.queue.take("other", limit=3, lease=10.0, priorities=[*Priority])
    assert {each.id for each in taken.candidates} == {*ids}
    engine.claim(ids[0], lease=10.0)
    before = engine.queued()
    reconcile(engine.store, engine.queue, max_lease=10.0)
    assert engine.queued() == before
