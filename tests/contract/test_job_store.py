"""What every `JobStore` does: the fake, and PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from jobs.core.claim import ClaimResult, NotClaimed
from jobs.core.job import Job, NewJob, Priority, Status
from jobs.core.retry import Failed, Outcome, OutcomeUnknown, Retry, Succeeded, WorkerLost, decide
from support.rows import LEASE, Rows, hint

if TYPE_CHECKING:
    from datetime import datetime

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


# Insert and get


def test_an_inserted_job_is_pending_and_due(rows: Rows) -> None:
    job = rows.insert(HIGH, max_attempts=5)
    assert (job.status, job.priority, job.type) == (Status.PENDING, HIGH, "NOOP")
    assert (job.attempts, job.max_attempts, job.result, job.error) == (0, 5, None, None)
    assert job.created_at == job.updated_at
    assert job.created_at.tzinfo
    assert rows.get(job.id) == job
    assert due(rows) == [job.id]


def test_inserting_the_same_id_again_returns_the_row_as_it_is(rows: Rows) -> None:
    job = rows.insert()
    rows.settle(rows.claim(job), Succeeded({"first": True}))
    again = rows.store.insert(NewJob(job.id, "OTHER", {}, priority=HIGH))
    assert (again.type, again.status, again.priority) == ("NOOP", Status.COMPLETED, DEFAULT)


def test_a_payload_comes_back_as_it_was_sent(rows: Rows) -> None:
    payload = {
        "zebra": [{"bb": 1, "a": 0.1, "é": "ü\U0001f600"}, None, True],
        "a": {"\\u0000": "'; DROP TABLE jobs; -- %s {} \\ \""},
        "big": 10**300,
    }
    claim = rows.claim(rows.store.insert(NewJob(uuid4(), "NOOP", payload)))
    assert claim.payload == payload
    assert list(claim.payload) == list(payload)
    assert list(claim.payload["zebra"][0]) == ["bb", "a", "é"]
    stored = json.loads(rows.store.payload(claim.id) or "")
    assert json.dumps(stored) == json.dumps(payload)


def test_an_unknown_id_is_no_job(rows: Rows) -> None:
    assert rows.store.get(uuid4()) is None
    assert rows.store.payload(uuid4()) is None


# Claim


def test_a_claim_counts_the_attempt(rows: Rows) -> None:
    job, token = rows.insert(HIGH), uuid4()
    rows.advance(1)
    [claim] = rows.ask(job, token=token).claims
    assert (claim.id, claim.type, claim.priority, claim.payload) == (job.id, "NOOP", HIGH, {"n": 1})
    assert (claim.attempt, claim.max_attempts, claim.token) == (1, 3, token)
    assert (claim.alone, claim.losses) == (False, 0)
    now = rows.get(job.id)
    assert (now.status, now.attempts) == (Status.PROCESSING, 1)
    assert now.updated_at > now.created_at


def test_claims_come_in_the_order_of_the_hints(rows: Rows) -> None:
    jobs = [rows.insert() for _ in range(20)]
    assert [claim.id for claim in rows.ask(*reversed(jobs)).claims] == [
        job.id for job in reversed(jobs)
    ]


def test_nothing_is_claimed_of_no_hints(rows: Rows) -> None:
    assert rows.ask() == ClaimResult()


def test_asking_again_with_the_same_token_claims_the_same_once(rows: Rows) -> None:
    jobs, token = [rows.insert(), rows.insert()], uuid4()
    assert rows.ask(*jobs, token=token) == rows.ask(*jobs, token=token)
    assert [rows.get(job.id).attempts for job in jobs] == [1, 1]


def test_a_leased_job_is_refused_until_its_lease_ends(rows: Rows) -> None:
    job = rows.insert()
    rows.claim(job)
    [refused] = refusals(rows, job)
    assert refused.priority is DEFAULT
    assert refused.held
    assert refused.delay == pytest.approx(LEASE, abs=5)
    assert rows.get(job.id).attempts == 1


def test_a_job_that_waits_out_its_backoff_is_refused_until_it_is_due(rows: Rows) -> None:
    job = rows.insert(max_attempts=9)
    for _ in range(5):
        rows.settle(rows.claim(job), Retry("no"))
        [refused] = refusals(rows, job)
        rows.advance(16)
    assert refused.delay == pytest.approx(16, abs=5)
    assert rows.claim(job).attempt == 6


def test_a_final_or_unknown_job_is_refused_for_good(rows: Rows) -> None:
    done, failed, unknown = rows.insert(), rows.insert(HIGH), replace(rows.insert(), id=uuid4())
    rows.settle(rows.claim(done), Succeeded({}))
    rows.settle(rows.claim(failed), Failed("no"))
    assert refusals(rows, done, failed, unknown) == (
        NotClaimed(done.id, DEFAULT, None),
        NotClaimed(failed.id, HIGH, None),
        NotClaimed(unknown.id, DEFAULT, None),
    )


def test_a_hint_from_the_wrong_queue_is_refused_there_and_due_in_its_own(rows: Rows) -> None:
    job = rows.insert(HIGH)
    claimed = rows.store.claim([hint(job, DEFAULT)], uuid4(), lease=LEASE, request_id=None)
    assert not claimed.claims
    gone, moved = claimed.not_claimed
    assert gone == NotClaimed(job.id, DEFAULT, None)
    assert (moved.id, moved.priority) == (job.id, HIGH)
    assert moved.delay is not None
    assert moved.delay <= 0
    assert rows.get(job.id).status is Status.PENDING


def test_an_ended_lease_is_reported_lost_and_nothing_is_claimed(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(LEASE)
    claimed = rows.ask(job)
    assert claimed.lost == (claim,)
    assert not claimed.claims
    assert rows.get(job.id).status is Status.PROCESSING


def test_a_job_that_lost_a_lease_is_claimed_only_alone(rows: Rows) -> None:
    job, other = rows.insert(), rows.insert()
    rows.lose(rows.claim(job))
    claimed = rows.ask(job, other)
    assert claimed.quarantined == (job.id,)
    assert [claim.id for claim in claimed.claims] == [other.id]
    claim = rows.claim(job, alone=True)
    assert (claim.attempt, claim.alone, claim.losses) == (2, True, 1)


# Settle


@pytest.mark.parametrize("outcome", [Retry, OutcomeUnknown])
def test_what_a_failed_attempt_has_done_is_shown_and_told_to_the_next(
    rows: Rows, outcome: type[Retry | OutcomeUnknown]
) -> None:
    job = rows.insert()
    done = {"zeta": ["ä"], "a": 1}
    first = rows.claim(job)
    assert first.partial is None
    rows.settle(first, outcome("no", done))
    rows.advance(60)

    assert rows.get(job.id).result == done
    second = rows.claim(job)
    assert second.partial == done
    assert list(second.partial or {}) == list(done)


def test_what_was_done_outlives_attempts_that_say_nothing_of_it(rows: Rows) -> None:
    job, done = rows.insert(max_attempts=3), {"done": [1]}
    rows.settle(rows.claim(job), Retry("no", done))
    rows.advance(60)
    rows.lose(rows.claim(job))
    rows.advance(60)
    last = rows.claim(job, alone=True)
    assert last.partial == done
    rows.settle(last, Retry("no"))

    now = rows.get(job.id)
    assert (now.status, now.result) == (Status.FAILED, done)


def test_success_completes_a_job(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(1)
    result = {"zeta": "output/ü.csv", "rows": 2, "a": [1.5, None]}
    assert rows.settle(claim, Succeeded(result))
    now = rows.get(job.id)
    assert (now.status, now.attempts, now.error) == (Status.COMPLETED, 1, None)
    assert now.result == result
    assert list(now.result or {}) == list(result)
    assert now.updated_at > now.created_at
    assert rows.store.next_due() is None


@pytest.mark.parametrize("outcome", [Retry("no"), OutcomeUnknown("maybe")])
def test_a_failed_attempt_makes_a_job_wait_and_keeps_the_error(
    rows: Rows, outcome: Retry | OutcomeUnknown
) -> None:
    job = rows.insert()
    assert rows.settle(rows.claim(job), outcome)
    now = rows.get(job.id)
    assert (now.status, now.attempts, now.error) == (Status.PENDING, 1, outcome.error)
    assert not due(rows)
    rows.advance(1)
    assert due(rows) == [job.id]


def test_the_last_failed_attempt_fails_a_job(rows: Rows) -> None:
    job = rows.insert(max_attempts=2)
    rows.settle(rows.claim(job), Retry("first"))
    rows.advance(1)
    rows.settle(rows.claim(job), Retry("second"))
    now = rows.get(job.id)
    assert (now.status, now.attempts, now.error) == (Status.FAILED, 2, "second")


def test_success_after_a_failure_clears_the_error(rows: Rows) -> None:
    job = rows.insert()
    rows.settle(rows.claim(job), Retry("first"))
    rows.advance(1)
    rows.settle(rows.claim(job), Succeeded({}))
    assert rows.get(job.id).error is None


def test_every_attempt_is_kept_in_the_history(rows: Rows) -> None:
    job = rows.insert()
    for outcome in (Retry("first"), OutcomeUnknown("second"), Succeeded({})):
        claim = rows.claim(job)
        rows.advance(1)
        rows.settle(claim, outcome)
        rows.advance(10)
    history = rows.get(job.id).history
    assert [(each.number, each.outcome, each.error) for each in history] == [
        (1, "failed", "first"),
        (2, "unknown", "second"),
        (3, "completed", None),
    ]
    assert all(each.request_id == "request" for each in history)
    assert all(each.started_at < each.ended_at for each in history)


def test_settling_again_says_the_same_and_changes_nothing(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    for _ in range(2):
        assert rows.settle(claim, Retry("no"))
        rows.advance(0.4)
    rows.advance(0.2)
    assert due(rows) == [job.id], "asked again, it would be due only 1.4 s after the first"
    assert len(rows.get(job.id).history) == 1


@pytest.mark.parametrize("outcome", [Succeeded({"by": "stale"}), Retry("stale"), Failed("stale")])
def test_a_stale_claim_ends_nothing(rows: Rows, outcome: Outcome) -> None:
    job = rows.insert()
    stale = rows.claim(job)
    rows.lose(stale)
    holder = rows.claim(job, alone=True)
    before = rows.get(job.id)
    assert not rows.settle(stale, outcome)
    assert rows.get(job.id) == before
    assert rows.settle(holder, Succeeded({"by": "holder"}))
    assert rows.get(job.id).result == {"by": "holder"}


def test_a_holder_whose_lease_has_ended_still_ends_what_nobody_else_took(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(LEASE * 2)
    assert rows.settle(claim, Succeeded({}))
    assert rows.get(job.id).status is Status.COMPLETED


@pytest.mark.parametrize("outcome", [Succeeded({}), Failed("no")])
def test_final_stays_final(rows: Rows, outcome: Outcome) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.settle(claim, outcome)
    before = rows.get(job.id)
    assert not rows.settle(claim, Retry("late"))
    assert not rows.store.release([claim])
    assert not rows.store.renew([claim], lease=LEASE)
    assert rows.get(job.id) == before


def test_a_live_lease_cannot_be_called_lost(rows: Rows) -> None:
    claim = rows.claim(rows.insert())
    assert not rows.settle(claim, WorkerLost())
    rows.advance(LEASE)
    assert rows.settle(claim, WorkerLost())


def test_a_lost_job_is_suspected_and_its_attempt_counts(rows: Rows) -> None:
    job = rows.insert()
    rows.lose(rows.claim(job))
    now = rows.get(job.id)
    assert (now.status, now.attempts) == (Status.PENDING, 1)
    assert [each.outcome for each in now.history] == ["lost"]


def test_a_last_attempt_lost_beside_others_is_given_back_once(rows: Rows) -> None:
    job = rows.insert(max_attempts=1)
    rows.lose(rows.claim(job))
    assert (rows.get(job.id).status, rows.get(job.id).attempts) == (Status.PENDING, 0)
    alone = rows.claim(job, alone=True)
    rows.advance(LEASE)
    assert rows.settle(alone, WorkerLost())
    now = rows.get(job.id)
    assert (now.status, now.attempts) == (Status.FAILED, 1)
    assert [(each.number, each.outcome) for each in now.history] == [(1, "lost"), (1, "lost")]


def test_a_batch_is_settled_one_by_one(rows: Rows) -> None:
    done, again, stale, failed = (rows.claim(rows.insert()) for _ in range(4))
    ended = rows.store.settle(
        [
            decide(done, Succeeded({})),
            decide(again, Retry("no")),
            decide(replace(stale, token=uuid4()), Succeeded({})),
            decide(replace(failed, id=uuid4()), Succeeded({})),
            decide(failed, Failed("never")),
        ]
    )
    assert ended.ids == frozenset({done.id, again.id, failed.id})
    assert [rows.get(claim.id).status for claim in (done, again, stale, failed)] == [
        Status.COMPLETED,
        Status.PENDING,
        Status.PROCESSING,
        Status.FAILED,
    ]


def times(rows: Rows, job: Job) -> tuple[datetime | None, datetime | None]:
    now = rows.get(job.id)
    return now.started_at, now.ended_at


def test_a_job_shows_when_its_latest_attempt_started_and_ended(rows: Rows) -> None:
    job = rows.insert()
    assert times(rows, job) == (None, None)
    for outcome in (Retry("no"), Succeeded({})):
        claim = rows.claim(job)
        started, ended = times(rows, job)
        assert started
        assert ended is None
        rows.advance(1)
        assert rows.settle(claim, outcome)
        latest = rows.get(job.id).history[-1]
        assert times(rows, job) == (latest.started_at, latest.ended_at)
        rows.advance(3600)
    assert len(rows.get(job.id).history) == 2


def test_a_cancelled_attempt_has_ended_and_a_job_that_waited_had_none(rows: Rows) -> None:
    waiting, running = rows.insert(), rows.insert()
    rows.claim(running)
    rows.advance(1)
    for job in (waiting, running):
        rows.store.cancel(job.id)
    assert times(rows, waiting) == (None, None)
    [attempt] = rows.get(running.id).history
    assert times(rows, running) == (attempt.started_at, attempt.ended_at)


def test_a_claim_that_is_released_leaves_the_times_of_the_attempt_before(rows: Rows) -> None:
    job = rows.insert()
    rows.store.release([rows.claim(job)])
    assert times(rows, job) == (None, None)
    rows.settle(rows.claim(job), Retry("no"))
    rows.advance(3600)
    before = times(rows, job)
    rows.store.release([rows.claim(job)])
    assert times(rows, job) == before != (None, None)


# Renew and release


def test_a_renewed_lease_ends_later(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.advance(LEASE - 10)
    assert rows.store.renew([claim], lease=LEASE) == {job.id}
    rows.advance(LEASE - 10)
    assert not rows.ask(job).lost
    rows.advance(10)
    assert rows.ask(job).lost


def test_an_ended_or_stale_lease_is_not_renewed(rows: Rows) -> None:
    ended, stale = rows.claim(rows.insert()), rows.claim(rows.insert())
    assert not rows.store.renew([replace(stale, token=uuid4())], lease=LEASE)
    rows.advance(LEASE)
    assert not rows.store.renew([ended], lease=LEASE)


def test_a_released_job_is_as_it_was(rows: Rows) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(rows.insert())
        rows.advance(1)
    claim = rows.claim(jobs[0])
    assert rows.store.release([claim]) == {claim.id}
    now = rows.get(jobs[0].id)
    assert (now.status, now.attempts, now.history) == (Status.PENDING, 0, ())
    assert due(rows) == [job.id for job in jobs], "it has kept its place"
    assert rows.claim(jobs[0]).attempt == 1


def test_a_released_claim_ends_nothing_any_more(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    rows.store.release([claim])
    assert not rows.settle(claim, Succeeded({}))
    assert not rows.settle(claim, Retry("no"))
    assert rows.get(job.id).status is Status.PENDING


def test_a_stale_claim_releases_nothing(rows: Rows) -> None:
    job = rows.insert()
    claim = rows.claim(job)
    assert not rows.store.release([replace(claim, token=uuid4())])
    assert rows.get(job.id).status is Status.PROCESSING


# What is due


def test_due_is_high_before_default_then_by_time(rows: Rows) -> None:
    first, second = rows.insert(DEFAULT), rows.insert(HIGH)
    rows.advance(1)
    third, fourth = rows.insert(DEFAULT), rows.insert(HIGH)
    in_order = [second.id, fourth.id, first.id, third.id]
    assert due(rows) == in_order
    assert [each.id for each in rows.store.due(3)] == in_order[:3]
    assert {each.id: each.priority for each in rows.store.due(9)}[second.id] is HIGH


def test_due_is_neither_leased_nor_waiting_nor_final_but_has_ended_leases(rows: Rows) -> None:
    ended = rows.insert()
    rows.claim(ended)
    rows.advance(LEASE)
    leased, waiting, final, ready = (rows.insert() for _ in range(4))
    rows.claim(leased)
    rows.settle(rows.claim(waiting), Retry("no"))
    rows.settle(rows.claim(final), Succeeded({}))
    assert set(due(rows)) == {ended.id, ready.id}


def test_open_entries_are_the_first_of_each_priority_with_their_delays(rows: Rows) -> None:
    leased, waiting, final = rows.insert(), rows.insert(), rows.insert()
    rows.settle(rows.claim(final), Succeeded({}))
    rows.advance(100)
    rows.claim(leased)
    rows.settle(rows.claim(waiting), Retry("no"))
    old, new, high = rows.insert(), rows.insert(), rows.insert(HIGH)
    entries = {entry.id: entry for entry in rows.store.open_entries(10)}
    assert set(entries) == {leased.id, waiting.id, old.id, new.id, high.id}
    assert entries[leased.id].delay == pytest.approx(LEASE, abs=5)
    assert 0 < entries[waiting.id].delay <= 1
    assert entries[old.id].delay <= 0
    assert entries[high.id].priority is HIGH
    assert entries[new.id].priority is DEFAULT


def test_open_entries_are_limited_for_each_priority(rows: Rows) -> None:
    for _ in range(3):
        rows.insert(HIGH)
        rows.insert(DEFAULT)
        rows.advance(1)
    found = [entry.priority for entry in rows.store.open_entries(2)]
    assert (found.count(HIGH), found.count(DEFAULT)) == (2, 2)


def test_next_due_counts_down_to_the_next_open_job(rows: Rows) -> None:
    assert rows.store.next_due() is None
    job = rows.insert()
    rows.advance(5)
    assert next_due(rows) <= -5
    claim = rows.claim(job)
    assert next_due(rows) == pytest.approx(LEASE, abs=5)
    rows.settle(claim, Retry("no"))
    assert 0 < next_due(rows) <= 1
    rows.insert()
    assert next_due(rows) <= 0


def test_a_store_that_is_there_answers(rows: Rows) -> None:
    rows.store.ping()


def due(rows: Rows) -> list[UUID]:
    return [each.id for each in rows.store.due(100)]


def test_the_last_lease_is_the_one_that_ends_last(rows: Rows) -> None:
    first, second = rows.insert(), rows.insert()
    rows.insert(delay=600.0)
    assert rows.store.last_lease() is None
    rows.claim(first)
    rows.advance(LEASE / 2)
    claim = rows.claim(second)
    assert last_lease(rows) == pytest.approx(LEASE, abs=5)
    rows.settle(claim, Succeeded({}))
    assert last_lease(rows) == pytest.approx(LEASE / 2, abs=5)
    rows.advance(LEASE)
    assert last_lease(rows) < 0


def last_lease(rows: Rows) -> float:
    seconds = rows.store.last_lease()
    assert seconds is not None
    return seconds


def next_due(rows: Rows) -> float:
    seconds = rows.store.next_due()
    assert seconds is not None
    return seconds


def refusals(rows: Rows, *jobs: Job) -> tuple[NotClaimed, ...]:
    claimed = rows.ask(*jobs)
    assert claimed == ClaimResult(not_claimed=claimed.not_claimed)
    return claimed.not_claimed
