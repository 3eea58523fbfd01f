"""How every `JobStore` counts: the fake, and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from jobs.core.job import NewJob, Priority
from jobs.core.ports.store import Percentiles, QueueStats, TypeStats
from jobs.core.retry import Failed, Retry, Succeeded

if TYPE_CHECKING:
    from support.rows import Rows

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


def types(rows: Rows, window: float = 3600.0, sample: int = 100) -> list[TypeStats]:
    return list(rows.store.type_stats(window=window, sample=sample))


def test_where_there_is_nothing_there_is_nothing_to_count(rows: Rows) -> None:
    assert list(rows.store.queue_stats()) == [QueueStats(HIGH), QueueStats(DEFAULT)]
    assert types(rows) == []


def test_open_jobs_are_counted_by_queue_and_state(rows: Rows) -> None:
    done, running, waiting = rows.insert(HIGH), rows.insert(HIGH), rows.insert(HIGH)
    rows.settle(rows.claim(done), Succeeded({}))
    rows.claim(running)
    rows.settle(rows.claim(waiting), Retry("no"))
    rows.store.insert(NewJob(uuid4(), "A", {}, delay=600.0))
    rows.insert()
    rows.advance(10)
    rows.insert()
    rows.settle(rows.claim(rows.insert(HIGH)), Retry("no"))
    high, default = rows.store.queue_stats()
    assert (high.priority, high.ready, high.scheduled, high.in_flight) == (HIGH, 1, 1, 1)
    assert (default.ready, default.scheduled, default.in_flight) == (2, 1, 0)
    assert high.oldest == pytest.approx(9, abs=1.5)
    assert default.oldest == pytest.approx(10, abs=1.5)


def run(rows: Rows, kind: str, seconds: float, outcome: Succeeded | Failed | Retry) -> None:
    """An attempt that waited for 5 s and ran for `seconds`."""
    job = rows.store.insert(NewJob(uuid4(), kind, {}))
    rows.advance(5)
    claim = rows.claim(job)
    rows.advance(seconds)
    rows.settle(claim, outcome)


def test_attempts_are_counted_by_type_with_their_times(rows: Rows) -> None:
    for seconds in (1, 2, 3):
        run(rows, "A", seconds, Succeeded({}))
    run(rows, "A", 100, Failed("no"))
    run(rows, "B", 7, Retry("no"))
    a, b = types(rows)
    assert (a.type, a.completed, a.failed, a.cancelled, a.failure_rate) == ("A", 3, 1, 0, 0.25)
    assert a.run.p50 == pytest.approx(2.5, abs=0.5)
    assert a.run.p99 == pytest.approx(97.1, abs=0.5)
    assert a.wait.p50 == pytest.approx(5, abs=0.5)
    assert (b.type, b.completed, b.failed) == ("B", 0, 1)
    assert b.wait == Percentiles(None, None), "its due time is the next attempt's by now"
    assert b.run.p50 == pytest.approx(7, abs=0.5)


def test_only_the_latest_attempts_count(rows: Rows) -> None:
    run(rows, "A", 1, Failed("no"))
    rows.advance(1000)
    run(rows, "A", 1, Succeeded({}))
    assert [each.failed for each in types(rows, window=500)] == [0]
    assert [each.failed for each in types(rows, sample=1)] == [0]
    assert [each.failed for each in types(rows)] == [1]


def test_what_was_cancelled_or_retried_did_not_fail(rows: Rows) -> None:
    run(rows, "A", 1, Failed("no"))
    job = rows.store.insert(NewJob(uuid4(), "B", {}))
    rows.claim(job)
    rows.store.cancel(job.id)
    rows.store.retry_all(None, None, uuid4(), limit=9, request_id=None)
    a, b = types(rows)
    assert (a.completed, a.failed) == (0, 1)
    assert (b.cancelled, b.failed, b.failure_rate) == (1, 0, None)


def test_a_retry_by_request_takes_the_place_of_no_attempt(rows: Rows) -> None:
    run(rows, "A", 1, Failed("no"))
    rows.advance(1)
    rows.store.retry_all(None, None, uuid4(), limit=9, request_id=None)
    assert [each.failed for each in types(rows, sample=1)] == [1]
