"""What every `JobStore` makes to tell the ends of jobs on the bus: the fake, and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.job import NewJob, Priority, Status
from jobs.core.retry import Failed, Retry, Succeeded, WorkerLost, decide
from support.rows import LEASE

if TYPE_CHECKING:
    from datetime import datetime

    from jobs.core.claim import Claim, Entry
    from jobs.core.job import Job
    from jobs.core.retry import Outcome
    from support.rows import Rows

URL = "https://example.com"


def settle(rows: Rows, claim: Claim, outcome: Outcome) -> tuple[Entry, ...]:
    """End `claim`; return what was outbox_entries of that."""
    return rows.store.settle([decide(claim, outcome)]).outbox_entries


def cancel(rows: Rows, job: Job) -> tuple[Entry, ...]:
    found = rows.store.cancel(job.id)
    assert found
    return found.outbox_entries


def told(rows: Rows, entry: Entry) -> dict[str, Any]:
    """What the job at `entry` is to tell."""
    job = rows.get(entry.id)
    assert (job.type, job.status, job.max_attempts) == ("EVENT", Status.PENDING, 8)
    payload = rows.claim(job).payload
    assert payload.keys() == {"job"}
    found: dict[str, Any] = payload["job"]
    return found


def written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("priority", list(Priority))
def test_the_end_of_a_job_is_to_be_told(telling_rows: Rows, priority: Priority) -> None:
    rows = telling_rows
    job = rows.insert(priority, tags=("b", "a"))
    claim = rows.claim(job)
    rows.advance(1)
    [entry] = settle(rows, claim, Succeeded({"secret": 1}))
    assert (entry.priority, entry.delay) == (priority, 0.0)
    assert [hint.id for hint in rows.store.due(9)] == [entry.id]
    now = rows.get(job.id)
    assert told(rows, entry) == {
        "id": str(job.id),
        "type": "NOOP",
        "priority": priority.value,
        "status": "completed",
        "attempts": 1,
        "createdAt": written(now.created_at),
        "updatedAt": written(now.updated_at),
        "tags": ["b", "a"],
    }


def test_a_failure_is_told_with_its_error_once_it_is_final(telling_rows: Rows) -> None:
    rows = telling_rows
    job = rows.insert(max_attempts=2)
    assert settle(rows, rows.claim(job), Retry("first")) == ()
    rows.advance(5)
    [entry] = settle(rows, rows.claim(job), Retry('"ü" \U0001f600'))
    detail = told(rows, entry)
    assert (detail["status"], detail["attempts"]) == ("failed", 2)
    assert detail["error"] == '"ü" \U0001f600'


def test_what_is_told_is_how_the_job_ended_whatever_becomes_of_it(telling_rows: Rows) -> None:
    rows = telling_rows
    job = rows.insert()
    [failed] = settle(rows, rows.claim(job), Failed("no"))
    rows.store.retry(job.id, uuid4(), request_id=None)
    [completed] = settle(rows, rows.claim(job), Succeeded({}))
    assert [told(rows, entry)["status"] for entry in (failed, completed)] == ["failed", "completed"]


def test_a_cancelled_job_is_told_of_once(telling_rows: Rows) -> None:
    rows = telling_rows
    for job in (rows.insert(), rows.insert(Priority.HIGH)):
        if job.priority is Priority.HIGH:
            rows.claim(job)
        [entry] = cancel(rows, job)
        assert cancel(rows, job) == ()
        detail = told(rows, entry)
        assert (detail["id"], detail["status"]) == (str(job.id), "cancelled")
        assert "error" not in detail


def test_an_end_that_is_asked_for_again_or_void_is_not_told(telling_rows: Rows) -> None:
    rows = telling_rows
    job = rows.insert()
    stale = rows.claim(job)
    rows.advance(LEASE)
    [lost] = rows.ask(job).lost
    assert settle(rows, lost, WorkerLost()) == ()
    rows.advance(5)
    claim = rows.claim(job, alone=True)
    assert settle(rows, stale, Succeeded({})) == ()
    assert len(settle(rows, claim, Succeeded({}))) == 1
    assert settle(rows, claim, Succeeded({})) == ()
    assert cancel(rows, job) == ()


def test_a_batch_is_told_of_one_by_one(telling_rows: Rows) -> None:
    rows = telling_rows
    jobs = [rows.insert() for _ in range(5)]
    claims = [rows.claim(job) for job in jobs]
    ends: list[Outcome] = [Succeeded({}), Failed("no"), Retry("no"), Succeeded({}), Succeeded({})]
    settled = rows.store.settle([decide(*pair) for pair in zip(claims, ends, strict=True)])
    assert settled.ids == frozenset(job.id for job in jobs)
    details = [told(rows, entry) for entry in settled.outbox_entries]
    assert {(each["id"], each["status"]) for each in details} == {
        (str(jobs[0].id), "completed"),
        (str(jobs[1].id), "failed"),
        (str(jobs[3].id), "completed"),
        (str(jobs[4].id), "completed"),
    }


@pytest.mark.parametrize("kind", ["EVENT", "CALLBACK"])
def test_what_tells_is_not_told_of(telling_rows: Rows, kind: str) -> None:
    rows = telling_rows
    done, failed, cancelled = (rows.store.insert(NewJob(uuid4(), kind, {})) for _ in range(3))
    assert settle(rows, rows.claim(done), Succeeded({})) == ()
    assert settle(rows, rows.claim(failed), Failed("no")) == ()
    assert cancel(rows, cancelled) == ()


def test_a_callback_is_told_beside_it(telling_rows: Rows) -> None:
    rows = telling_rows
    done, cancelled = (rows.insert(callback_url=URL) for _ in range(2))
    for outbox_entries in (settle(rows, rows.claim(done), Succeeded({})), cancel(rows, cancelled)):
        assert {rows.get(entry.id).type for entry in outbox_entries} == {"CALLBACK", "EVENT"}


def test_without_a_bus_nothing_is_made(rows: Rows) -> None:
    done, cancelled = rows.insert(), rows.insert()
    assert settle(rows, rows.claim(done), Succeeded({})) == ()
    assert cancel(rows, cancelled) == ()
    assert rows.store.due(9) == []
