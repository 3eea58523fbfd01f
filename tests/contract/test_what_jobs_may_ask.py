"""What every `JobStore` does with jobs that ask for more: the fake, and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.errors import IdempotencyKeyReused
from jobs.core.job import Backoff, BackoffType, Idempotency, Job, NewJob, Priority, Status
from jobs.core.retry import Failed, Retry, Succeeded

if TYPE_CHECKING:
    from support.rows import Rows

DAY = 86_400.0


def new(**more: Any) -> NewJob:
    return NewJob(uuid4(), "NOOP", {"n": 1}, **more)


def keyed(key: str, body: str = "body", **more: Any) -> NewJob:
    return new(idempotency=Idempotency(key, body, DAY), **more)


def due(rows: Rows) -> list[object]:
    return [hint.id for hint in rows.store.due(100)]


# When, and by which rules


def test_a_job_that_is_put_off_is_due_after_its_delay(rows: Rows) -> None:
    job = rows.store.insert(new(delay=60.0))
    assert job.due_in == pytest.approx(60, abs=1)
    assert job.due_at
    assert job.due_at - job.created_at == timedelta(seconds=60)
    assert not due(rows)
    [refused] = rows.ask(job).not_claimed
    assert refused.delay == pytest.approx(60, abs=5)
    rows.advance(60)
    assert due(rows) == [job.id]
    assert rows.claim(job).attempt == 1


def test_a_job_is_due_at_its_time(rows: Rows) -> None:
    at = datetime(2999, 1, 1, tzinfo=UTC)
    job = rows.store.insert(new(run_at=at))
    assert job.due_at == at
    assert rows.get(job.id).due_at == at
    assert not due(rows)


def test_a_time_that_has_passed_is_now(rows: Rows) -> None:
    first = rows.insert()
    rows.advance(1)
    past = rows.store.insert(new(run_at=datetime(1999, 1, 1, tzinfo=UTC)))
    assert past.due_at == past.created_at
    assert due(rows) == [first.id, past.id], "it does not jump the queue"


def test_a_job_that_is_due_now_is_due_in_no_time(rows: Rows) -> None:
    assert rows.insert().due_in == 0.0


def test_the_rules_of_a_job_come_with_its_claim(rows: Rows) -> None:
    rule = Backoff(BackoffType.FIXED, 7.0, jitter=False)
    job = rows.store.insert(new(backoff=rule, timeout=2.5, tags=("b", "a")))
    assert (job.backoff, job.timeout, job.tags) == (rule, 2.5, ("b", "a"))
    claim = rows.claim(job)
    assert (claim.backoff, claim.timeout) == (rule, 2.5)
    rows.settle(claim, Retry("no"))
    assert rows.get(job.id).due_in == pytest.approx(7, abs=2)


# Idempotency keys


def test_a_key_comes_to_its_job_however_the_job_stands(rows: Rows) -> None:
    job = rows.store.insert(keyed("k", tags=("t",)))
    assert job.idempotency_key == "k"
    assert rows.store.insert(keyed("k")) == job
    rows.settle(rows.claim(job), Succeeded({"n": 1}))
    again = rows.store.insert(keyed("k"))
    assert (again.id, again.status) == (job.id, Status.COMPLETED)


def test_a_key_with_another_body_is_refused(rows: Rows) -> None:
    job = rows.store.insert(keyed("k"))
    with pytest.raises(IdempotencyKeyReused):
        rows.store.insert(keyed("k", "another"))
    assert rows.get(job.id) == job


def test_a_key_is_free_once_its_time_is_up(rows: Rows) -> None:
    job = rows.store.insert(keyed("k"))
    rows.advance(DAY - 10)
    assert rows.store.insert(keyed("k")).id == job.id
    rows.advance(10)
    other = rows.store.insert(keyed("k", "another"))
    assert other.id != job.id
    assert rows.get(job.id).idempotency_key is None
    assert rows.store.insert(keyed("k", "another")).id == other.id


def test_each_owner_has_keys_of_its_own(rows: Rows) -> None:
    ids = {rows.store.insert(keyed("k", owner=owner)).id for owner in (None, "a", "b")}
    assert len(ids) == 3


def test_storing_the_same_keyed_job_again_returns_it(rows: Rows) -> None:
    job = keyed("k", unique_key="u")
    assert rows.store.insert(job) == rows.store.insert(job)


# Unique keys


def test_one_open_job_has_a_unique_key(rows: Rows) -> None:
    job = rows.store.insert(new(unique_key="u"))
    assert job.unique_key == "u"
    assert rows.store.insert(new(unique_key="u", priority=Priority.HIGH)).id == job.id
    claim = rows.claim(job)
    assert rows.store.insert(new(unique_key="u")).status is Status.PROCESSING
    rows.settle(claim, Retry("no"))
    assert rows.store.insert(new(unique_key="u")).id == job.id
    rows.advance(5)
    rows.settle(rows.claim(job), Succeeded({}))
    assert rows.store.insert(new(unique_key="u")).id != job.id


def test_a_unique_key_may_be_free_before_its_job_ends(rows: Rows) -> None:
    job = rows.store.insert(new(unique_key="u", unique_for=60.0))
    rows.advance(50)
    assert rows.store.insert(new(unique_key="u")).id == job.id
    rows.advance(10)
    other = rows.store.insert(new(unique_key="u"))
    assert other.id != job.id
    assert rows.claim(job).attempt == 1, "it is still to be run"
    assert rows.store.insert(new(unique_key="u")).id == other.id


def test_a_request_that_found_the_job_of_a_unique_key_leaves_no_key(rows: Rows) -> None:
    open_job = rows.store.insert(new(unique_key="u"))
    assert rows.store.insert(keyed("k", unique_key="u")).id == open_job.id
    rows.settle(rows.claim(open_job), Failed("no"))
    assert rows.store.insert(keyed("k", "another body", unique_key="u")).id != open_job.id


def test_both_keys_of_a_job_may_be_free_at_once(rows: Rows) -> None:
    job = rows.store.insert(keyed("k", unique_key="u", unique_for=DAY))
    rows.advance(DAY)
    other = rows.store.insert(keyed("k", "another", unique_key="u"))
    assert other.id != job.id
    held = rows.get(job.id)
    assert (held.idempotency_key, held.unique_key) == (None, None)


def test_a_key_that_is_still_good_stays_when_the_other_is_free(rows: Rows) -> None:
    brief = rows.store.insert(keyed("k", unique_key="u", unique_for=60.0))
    rows.advance(60)
    assert rows.store.insert(new(unique_key="u")).id != brief.id
    assert rows.store.insert(keyed("k")).id == brief.id
    long = rows.store.insert(keyed("l", unique_key="v"))
    rows.advance(DAY)
    assert rows.store.insert(keyed("l", "another")).id != long.id
    assert rows.store.insert(new(unique_key="v")).id == long.id


# Batches


def test_a_batch_is_stored_in_its_order(rows: Rows) -> None:
    batch = [new(tags=(f"{n}",), delay=float(n)) for n in range(50)]
    stored = rows.store.insert_all(batch)
    assert [job.id for job in stored] == [job.id for job in batch]
    assert [job.tags for job in stored] == [(f"{n}",) for n in range(50)]
    assert all(rows.get(job.id) == job for job in stored)
    assert rows.store.insert_all(batch) == stored, "asked again it stores nothing"
    assert len(rows.store.open_entries(100)) == 50


def test_the_payloads_of_a_batch_come_back_as_they_were_sent(rows: Rows) -> None:
    payload = {"zebra": [{"bb": 1, "a": 0.1, "é": "ü\U0001f600"}], "a": {"\\u0000": "' %s {}"}}
    jobs: list[Job] = rows.store.insert_all([replace(new(), payload=payload), new()])
    claim = rows.claim(jobs[0])
    assert claim.payload == payload
    assert list(claim.payload["zebra"][0]) == ["bb", "a", "é"]


def test_a_unique_key_holds_within_a_batch_too(rows: Rows) -> None:
    before = rows.store.insert(new(unique_key="before"))
    batch = [new(unique_key="u"), new(unique_key="u"), new(unique_key="before"), new()]
    stored = rows.store.insert_all(batch)
    assert [job.id for job in stored] == [batch[0].id, batch[0].id, before.id, batch[3].id]


def test_an_idempotency_key_holds_within_a_batch_too(rows: Rows) -> None:
    batch = [keyed("k"), new(), keyed("k")]
    stored = rows.store.insert_all(batch)
    assert [job.id for job in stored] == [batch[0].id, batch[1].id, batch[0].id]


def test_an_empty_batch_is_nothing(rows: Rows) -> None:
    assert rows.store.insert_all([]) == []
