"""A job that is due earlier than its entry says: by `Control.run`, or by hand in its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.errors import JobNotFound, JobNotPending
from jobs.core.job import Status

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
