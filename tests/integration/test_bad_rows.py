"""Rows that somebody made by hand, or that an older version left: no poller ends because of one."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg2
import pytest

from jobs.core.job import NewJob, Status

if TYPE_CHECKING:
    from support.engine import Engine


def insert(engine: Engine, payload: str = "{}", job_type: str = "NOOP") -> UUID:
    job_id = uuid4()
    engine.sql(
        "INSERT INTO jobs (id, type, payload) VALUES (%s, %s, %s)", str(job_id), job_type, payload
    )
    return job_id


def test_a_row_of_an_unknown_type_fails_once_and_the_others_are_done(engine: Engine) -> None:
    others = [engine.submit() for _ in range(3)]
    old = insert(engine, job_type="OLD_TYPE")
    engine.drain(scheduled=True)
    job = engine.job(old)
    assert (job.status, job.attempts) == (Status.FAILED, 1)
    assert job.error == "no processor for the type 'OLD_TYPE'; there are: FAIL, NOOP, SLEEP"
    assert engine.statuses() == {"completed": len(others), "failed": 1}


@pytest.mark.parametrize(
    "payload",
    [
        "[]",
        '"text"',
        "null",
        "1e999",
        '{"a": 1, "a": 2}',
        '{"text": "\\u0000 \\ud800"}',
        "[" * 3000 + "]" * 3000,
        '{"seconds": ' + "9" * 5000 + "}",
    ],
    ids=["list", "text", "null", "infinite", "doubled", "odd characters", "deep", "huge number"],
)
def test_a_payload_that_is_no_object_spoils_only_its_own_job(engine: Engine, payload: str) -> None:
    others = [engine.submit() for _ in range(3)]
    odd = insert(engine, payload, "SLEEP")
    engine.sql("UPDATE jobs SET max_attempts = 1 WHERE id = %s", str(odd))
    engine.drain(scheduled=True)
    assert [engine.job(each).status for each in others] == [Status.COMPLETED] * 3
    assert engine.job(odd).status is Status.FAILED


@pytest.mark.parametrize(
    "change",
    [
        "status = 'pending', attempts = max_attempts",
        "status = 'processing', lease_until = now()",
        "status = 'processing', lease_until = now(), attempts = 1, token = gen_random_uuid()",
        "status = 'waiting'",
        "priority = 'low'",
        "attempts = max_attempts + 1",
        "attempts = -1",
    ],
)
def test_the_database_refuses_what_no_poller_could_handle(engine: Engine, change: str) -> None:
    insert(engine)
    with pytest.raises(psycopg2.errors.CheckViolation):
        engine.sql(f"UPDATE jobs SET {change}")


def test_what_is_said_of_a_refused_row_holds_nothing_of_the_row(engine: Engine) -> None:
    job = NewJob(uuid4(), "NOOP", {"secret": "hunter2"}, max_attempts=0)
    with pytest.raises(psycopg2.errors.CheckViolation, match="violates check") as refused:
        engine.store.insert(job)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_an_operator_may_give_a_failed_job_its_attempts_again(engine: Engine) -> None:
    job_id = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    engine.sql(
        "UPDATE jobs SET status = 'pending', attempts = 0, type = 'NOOP', due_at = now() "
        "WHERE id = %s AND status = 'failed'",
        str(job_id),
    )
    engine.drain(scheduled=True)
    job = engine.job(job_id)
    assert (job.status, job.attempts) == (Status.COMPLETED, 1)
    assert [each.outcome for each in job.history] == ["failed", "completed"]
