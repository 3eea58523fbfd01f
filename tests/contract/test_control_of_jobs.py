"""How every `JobStore` cancels, hastens and retries jobs: the fake, and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from jobs.core.claim import NotClaimed
from jobs.core.errors import JobNotFailed, JobNotPending, UniqueKeyTaken
from jobs.core.job import Backoff, Job, NewJob, Priority, Progress, Status
from jobs.core.retry import Failed, Retry, Succeeded, WorkerLost
from support.rows import LEASE

if TYPE_CHECKING:
    from support.rows import Rows


def cancel(rows: Rows, job: Job) -> Job:
    found = rows.store.cancel(job.id)
    assert found
    return found.job


def retry(rows: Rows, job: Job, token: UUID | None = None) -> Job:
    found = rows.store.retry(job.id, token or uuid4(), request_id="by hand")
    assert found
    return found


def retry_all(
    rows: Rows, kind: str | None = None, since: datetime | None = None, limit: int = 100
) -> list[UUID]:
    found, _ = rows.store.retry_all(kind, since, uuid4(), limit=limit, request_id="by hand")
    return [job.id for job in found]


def failed(rows: Rows, kind: str = "A", unique_key: str | None = None) -> Job:
    rows.advance(1)
    job = rows.store.insert(NewJob(uuid4(), kind, {}, unique_key=unique_key))
    rows.settle(rows.claim(job), Failed("no"))
    return rows.get(job.id)


def make_due(rows: Rows, job: Job) -> Job:
    found = rows.store.make_due(job.id)
    assert found
    return found


# Run now


def test_a_job_that_waits_for_its_time_is_due_at_once(rows: Rows) -> None:
    job = rows.insert(delay=3600.0)
    rows.advance(1)
    now = make_due(rows, job)
    assert now.due_in == 0.0
    assert now.updated_at == now.due_at
    assert now.updated_at > job.updated_at
    assert rows.get(job.id) == now
    assert [hint.id for hint in rows.store.due(9)] == [job.id]
    assert rows.claim(job).attempt == 1


def test_a_job_that_waits_out_its_backoff_is_due_at_once_and_keeps_its_attempts(
    rows: Rows,
) -> None:
    job = rows.insert(backoff=Backoff(seconds=3600))
    rows.settle(rows.claim(job), Retry("no"))
    now = make_due(rows, job)
    assert (now.attempts, now.error) == (1, "no")
    assert rows.claim(job).attempt == 2


def test_a_job_that_is_due_already_keeps_its_turn(rows: Rows) -> None:
    job = rows.insert()
    rows.advance(1)
    before = rows.get(job.id)
    assert make_due(rows, job) == before
    assert rows.get(job.id) == before


def test_only_a_pending_job_is_made_due(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    before = rows.get(job.id)
    with pytest.raises(JobNotPending, match="the job is processing, and does not wait"):
        make_due(rows, job)
    assert rows.get(job.id) == before
    assert rows.settle(claim, Succeeded({}))
    with pytest.raises(JobNotPending, match="the job is completed"):
        make_due(rows, job)
    assert rows.store.make_due(uuid4()) is None


# Cancel


def test_a_waiting_job_is_cancelled_at_once(rows: Rows) -> None:
    job = rows.insert()
    rows.advance(1)
    now = cancel(rows, job)
    assert now.status is Status.CANCELLED
    assert now.updated_at > job.updated_at
    assert rows.get(job.id) == now
    assert now.history == ()
    assert rows.ask(job).not_claimed == (NotClaimed(job.id, job.priority, None),)
    assert (rows.store.due(9), rows.store.next_due(), rows.store.open_entries(9)) == ([], None, [])


def test_a_job_that_runs_is_cancelled_and_its_worker_can_change_nothing(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(1)
    assert cancel(rows, job).status is Status.CANCELLED
    before = rows.get(job.id)
    assert not rows.settle(claim, Succeeded({}))
    assert not rows.settle(claim, Retry("no"))
    assert not rows.store.renew([claim], lease=LEASE)
    assert not rows.store.release([claim])
    rows.advance(LEASE)
    assert not rows.settle(claim, WorkerLost())
    now = rows.get(job.id)
    assert (now.status, now.attempts, now.result) == (Status.CANCELLED, 1, None)
    [attempt] = now.history
    assert (attempt.number, attempt.outcome, attempt.request_id) == (1, "cancelled", "request")
    assert attempt.started_at < attempt.ended_at
    assert before.attempts == now.attempts


def test_cancelling_again_changes_nothing(rows: Rows) -> None:
    job = rows.insert()
    rows.claim(job)
    first = cancel(rows, job)
    rows.advance(1)
    cancel(rows, job)
    now = rows.get(job.id)
    assert len(now.history) == 1
    assert now.updated_at - now.created_at == first.updated_at - first.created_at


@pytest.mark.parametrize("outcome", [Succeeded({"n": 1}), Failed("no")])
def test_a_job_that_has_ended_is_returned_as_it_ended(
    rows: Rows, outcome: Succeeded | Failed
) -> None:
    job = rows.insert()
    rows.settle(rows.claim(job), outcome)
    before = rows.get(job.id)
    assert cancel(rows, job).status is before.status
    assert rows.get(job.id) == before


def test_what_a_cancel_makes_to_tell_it_comes_with_it_once(rows: Rows) -> None:
    job = rows.insert(priority=Priority.HIGH, callback_url="https://example.com")
    cancelled = rows.store.cancel(job.id)
    assert cancelled
    [entry] = cancelled.outbox_entries
    assert (entry.priority, entry.delay) == (Priority.HIGH, 0.0)
    assert rows.get(entry.id).type == "CALLBACK"
    assert [hint.id for hint in rows.store.due(9)] == [entry.id]
    again = rows.store.cancel(job.id)
    assert again
    assert again.outbox_entries == ()
    assert [hint.id for hint in rows.store.due(9)] == [entry.id]


def test_a_cancelled_job_frees_its_unique_key(rows: Rows) -> None:
    job = rows.store.insert(NewJob(uuid4(), "A", {}, unique_key="u"))
    cancel(rows, job)
    assert rows.store.insert(NewJob(uuid4(), "A", {}, unique_key="u")).id != job.id


def test_an_unknown_job_is_neither_cancelled_nor_retried(rows: Rows) -> None:
    assert rows.store.cancel(uuid4()) is None
    assert rows.store.retry(uuid4(), uuid4(), request_id=None) is None


# Retry


def test_a_failed_job_gets_all_its_attempts_anew_and_a_note_of_it(rows: Rows) -> None:
    job = rows.insert(max_attempts=2)
    for _ in range(2):
        last = rows.claim(job)
        rows.settle(last, Retry("no"))
        rows.advance(5)
    now = retry(rows, job)
    assert (now.status, now.attempts, now.error) == (Status.PENDING, 0, "no")
    assert now.due_in == 0
    assert not rows.settle(last, Retry("no")), "the claim before is void"
    assert rows.claim(job).attempt == 1
    history = rows.get(job.id).history
    assert [(each.number, each.outcome) for each in history] == [
        (1, "failed"),
        (2, "failed"),
        (2, "retried"),
    ]
    assert history[-1].request_id == "by hand"


def test_a_retried_job_knows_what_was_done_before(rows: Rows) -> None:
    job = rows.insert(max_attempts=1)
    rows.settle(rows.claim(job), Failed("no", {"done": [1]}))

    retry(rows, job)

    assert rows.claim(job).partial == {"done": [1]}


def test_retrying_again_with_the_same_token_is_the_same_retry(rows: Rows) -> None:
    job, token = failed(rows), uuid4()
    retry(rows, job, token)
    assert retry(rows, job, token).status is Status.PENDING
    rows.settle(rows.claim(job), Succeeded({}))
    assert retry(rows, job, token).status is Status.COMPLETED
    assert [each.outcome for each in rows.get(job.id).history] == ["failed", "retried", "completed"]


def test_what_has_not_failed_is_not_retried(rows: Rows) -> None:
    waiting, running, done, cancelled = (rows.insert() for _ in range(4))
    rows.claim(running)
    rows.settle(rows.claim(done), Succeeded({}))
    cancel(rows, cancelled)
    for job, status in (
        (waiting, "pending"),
        (running, "processing"),
        (done, "completed"),
        (cancelled, "cancelled"),
    ):
        with pytest.raises(JobNotFailed, match=status):
            retry(rows, job)
        assert rows.get(job.id).status == status
    assert retry_all(rows) == []


def test_a_job_is_not_retried_while_another_has_its_unique_key(rows: Rows) -> None:
    job = failed(rows, unique_key="u")
    other = rows.store.insert(NewJob(uuid4(), "A", {}, unique_key="u"))
    with pytest.raises(UniqueKeyTaken):
        retry(rows, job)
    assert retry_all(rows) == []
    cancel(rows, other)
    assert retry(rows, job).status is Status.PENDING


@pytest.mark.parametrize("many", [False, True])
def test_a_unique_key_whose_time_is_up_keeps_no_job_from_being_retried(
    rows: Rows, *, many: bool
) -> None:
    job = failed(rows, unique_key="u")
    other = rows.store.insert(NewJob(uuid4(), "A", {}, unique_key="u", unique_for=60.0))
    rows.advance(61)
    assert (retry_all(rows) if many else [retry(rows, job).id]) == [job.id]
    assert rows.get(job.id).status is Status.PENDING
    assert rows.get(other.id).status is Status.PENDING
    assert rows.store.insert(NewJob(uuid4(), "A", {}, unique_key="u")).id == job.id


def test_many_are_retried_by_type_and_time(rows: Rows) -> None:
    old, other = failed(rows), failed(rows, "B")
    rows.advance(60)
    new = failed(rows)
    since = new.updated_at
    assert retry_all(rows, "X") == []
    assert retry_all(rows, since=datetime(2999, 1, 1, tzinfo=UTC)) == []
    assert retry_all(rows, "A", since) == [new.id]
    assert retry_all(rows, "B") == [other.id]
    assert retry_all(rows) == [old.id]
    assert [each.outcome for each in rows.get(old.id).history] == ["failed", "retried"]
    assert rows.get(old.id).attempts == 0


def test_those_that_failed_first_are_retried_first(rows: Rows) -> None:
    jobs = [failed(rows) for _ in range(5)]
    assert set(retry_all(rows, limit=2)) == {job.id for job in jobs[:2]}
    assert set(retry_all(rows, limit=9)) == {job.id for job in jobs[2:]}


def test_one_of_many_with_the_same_unique_key_is_retried(rows: Rows) -> None:
    jobs = {failed(rows, unique_key="u").id for _ in range(3)}
    plain = failed(rows)
    found = retry_all(rows)
    assert plain.id in found
    assert len(found) == 2
    assert set(found) - {plain.id} < jobs


def test_jobs_whose_unique_key_is_taken_hide_no_others(rows: Rows) -> None:
    twins = {failed(rows, unique_key="u").id for _ in range(3)}
    plain = failed(rows)

    def ask() -> tuple[set[UUID], bool]:
        jobs, more = rows.store.retry_all(None, None, uuid4(), limit=2, request_id=None)
        return {job.id for job in jobs}, more

    first, more = ask()
    assert (len(first), first < twins, more) == (1, True, True)
    assert ask() == ({plain.id}, False)
    assert ask() == (set(), False)


# Progress


def test_progress_is_shown_until_the_next_attempt_begins(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(1)
    rows.store.report([(claim, Progress(40.0, "4 of 10 ü"))])
    now = rows.get(job.id)
    assert now.progress == Progress(40.0, "4 of 10 ü")
    assert now.updated_at > now.created_at
    rows.settle(claim, Retry("no"))
    assert rows.get(job.id).progress == Progress(40.0, "4 of 10 ü")
    rows.advance(5)
    again = rows.claim(job)
    assert rows.get(job.id).progress is None
    rows.store.report([(again, Progress(1.0))])
    assert rows.get(job.id).progress == Progress(1.0)


def test_what_a_stale_claim_tells_is_void(rows: Rows) -> None:
    job = rows.insert()
    stale = rows.claim(job)
    cancel(rows, job)
    before = rows.get(job.id)
    rows.store.report([(stale, Progress(99.0))])
    assert rows.get(job.id) == before
    rows.store.report([])
