"""Retries: the promised waits, kept in the row, whoever it is that goes on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from jobs.core.errors import QueueUnavailable
from jobs.core.job import Status
from jobs.core.retry import Retry, backoff, decide
from support.hooked import Away

if TYPE_CHECKING:
    from uuid import UUID

    from support.engine import Engine, MakeEngine


def gaps(engine: Engine, job_id: UUID) -> list[float]:
    """Seconds between the end of each attempt and the start of the next, as the rows have it."""
    history = engine.job(job_id).history
    waits = [after.started_at - before.ended_at for before, after in pairwise(history)]
    return [wait.total_seconds() for wait in waits]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_job_that_always_fails_is_tried_as_often_as_it_may_be(engine: Engine, most: int) -> None:
    job_id = engine.submit("FAIL", max_attempts=most)
    drained = engine.drain()
    job = engine.job(job_id)
    assert (job.status, job.attempts) == (Status.FAILED, most)
    assert job.error == f"attempt {most} was told to fail"
    assert [each.number for each in job.history] == [*range(1, most + 1)]
    assert {each.outcome for each in job.history} == {"failed"}
    assert drained.counts["failed"] == most


def test_the_waits_are_at_least_those_promised_and_grow(engine: Engine) -> None:
    job_id = engine.submit("FAIL")
    engine.drain()
    first, second = gaps(engine, job_id)
    assert first >= backoff(1)
    assert second >= backoff(2)
    assert first < second, "the poller waited for the job, not for the schedule"


def test_a_job_that_comes_good_is_completed_by_the_attempt_that_did(engine: Engine) -> None:
    job_id = engine.submit("FAIL", {"times": 1})
    engine.drain()
    job = engine.job(job_id)
    assert (job.status, job.attempts, job.error) == (Status.COMPLETED, 2, None)
    assert job.result == {"attempt": 2}
    assert [each.outcome for each in job.history] == ["failed", "completed"]


@pytest.mark.parametrize(
    ("how", "outcomes"),
    [
        ("failed", ["failed", "completed"]),
        ("unknown", ["unknown", "completed"]),
        ("bug", ["failed", "completed"]),
    ],
)
def test_each_kind_of_failure_is_recorded_as_what_it_was(
    engine: Engine, how: str, outcomes: list[str]
) -> None:
    payload: dict[str, Any] = {"times": 1, "how": how}
    job_id = engine.submit("FAIL", payload)
    engine.drain()
    assert [each.outcome for each in engine.job(job_id).history] == outcomes


def test_a_permanent_failure_is_not_tried_again(engine: Engine) -> None:
    job_id = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    job = engine.job(job_id)
    assert (job.status, job.attempts, len(job.history)) == (Status.FAILED, 1, 1)


@pytest.mark.parametrize("memory", ["kept", "flushed"])
def test_another_poller_picks_the_wait_up_from_the_row(
    engine: Engine, make_engine: MakeEngine, memory: str
) -> None:
    """The first poller is gone right after the failure, and with it all that it remembered."""
    job_id = engine.submit("FAIL", {"times": 1})
    [claim] = engine.claim(job_id)
    engine.store.settle([decide(claim, Retry("no"))])
    if memory == "flushed":
        engine.redis.flushall()
    make_engine().drain(scheduled=True)
    assert engine.job(job_id).status is Status.COMPLETED
    [gap] = gaps(engine, job_id)
    assert gap >= backoff(1)


def test_without_redis_the_waits_are_the_same(engine: Engine, make_engine: MakeEngine) -> None:
    job_id = engine.submit("FAIL", {"times": 1})
    make_engine(queue=Away(QueueUnavailable())).drain()
    assert engine.job(job_id).status is Status.COMPLETED
    [gap] = gaps(engine, job_id)
    assert gap >= backoff(1)
