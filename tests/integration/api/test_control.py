"""Cancelling and retrying while pollers are at work."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.job_type import JobType
from jobs.core.retry import Succeeded, decide
from support.engine import draining
from support.gateway import event, get, send

if TYPE_CHECKING:
    import pytest

    from integration.api.conftest import Live
    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext


WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
"""How many statements wait for a lock."""


def cancel(job_id: UUID) -> int:
    return send(event("DELETE", "/jobs/{id}", id=str(job_id))).status


def test_either_the_cancel_or_the_end_wins_and_both_know_which(live: Live) -> None:
    other = live.engine.another()
    outcomes = set()
    for _ in range(25):
        job_id = live.engine.submit("SLEEP")
        [claim] = other.claim(job_id)
        barrier = threading.Barrier(2)

        def end(claim=claim, barrier=barrier) -> bool:  # type: ignore[no-untyped-def]
            barrier.wait()
            return bool(other.store.settle([decide(claim, Succeeded({}))]).ids)

        with ThreadPoolExecutor(1) as pool:
            settling = pool.submit(end)
            barrier.wait()
            status = cancel(job_id)
            ended = settling.result()
        job = get(job_id).json
        outcomes.add((status, ended, job["status"]))
    other.close()
    assert outcomes <= {(200, False, "cancelled"), (409, True, "completed")}


def test_a_cancelled_job_is_not_run(live: Live) -> None:
    job_id, other = live.engine.submit("NOOP"), live.engine.submit("NOOP")
    assert cancel(job_id) == 200
    assert [member for member, _ in live.engine.queued()["{jobs}:default"]] == [str(other)]
    live.engine.drain()
    assert live.engine.job(job_id).status == "cancelled"
    assert live.engine.job(other).status == "completed"


def test_where_there_is_a_bus_a_cancel_is_to_be_told(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_BUS", "jobs")
    later = {"type": "NOOP", "payload": {}, "delaySeconds": 3600}
    assert cancel(live.engine.submit_body(later)) == 200
    [event] = live.sql("SELECT id FROM jobs WHERE type = 'EVENT'")
    assert [(member,) for member, _ in live.engine.queued()["{jobs}:default"]] == [event]
    assert live.waker.wakes == [(0, False)]


def test_an_entry_that_was_left_behind_is_cleared_away(live: Live) -> None:
    job_id = live.engine.submit("NOOP")
    live.engine.store.cancel(job_id)
    live.engine.drain()
    assert not live.engine.queued()["{jobs}:default"]
    assert live.engine.job(job_id).attempts == 0


def test_a_failed_job_runs_again_when_it_is_retried(live: Live) -> None:
    job_id = live.engine.submit("FAIL", {"how": "permanent", "times": 1})
    live.engine.drain()
    assert get(job_id).json["status"] == "failed"
    live.sql("UPDATE jobs SET payload = '{\"times\": 0}'")
    assert send(event("POST", "/jobs/{id}/retry", id=str(job_id))).status == 200
    live.engine.drain()
    job = get(job_id, include=["attempts"]).json
    assert (job["status"], job["attempts"]) == ("completed", 1)
    assert [each["outcome"] for each in job["attemptHistory"]] == [
        "failed",
        "retried",
        "completed",
    ]


def test_a_retry_that_meets_the_failure_waits_for_it(live: Live) -> None:
    job_id = live.engine.submit("NOOP")
    live.engine.claim(job_id)
    live.sql("BEGIN")
    live.sql("UPDATE jobs SET status = 'failed', lease_until = NULL")
    with ThreadPoolExecutor(1) as pool:
        retrying = pool.submit(send, event("POST", "/jobs/{id}/retry", id=str(job_id)))
        while live.engine.sql(WAITING) == [(0,)]:
            assert not retrying.done(), "it did not wait"
        live.sql("COMMIT")
        answer = retrying.result()
    assert (answer.status, answer.json["status"]) == (200, "pending")


def test_many_that_failed_are_retried_and_published_at_once(live: Live) -> None:
    for _ in range(30):
        live.engine.submit("FAIL", {"how": "permanent"})
    live.engine.drain()
    answer = send(event("POST", "/jobs/retry", query={"type": ["FAIL"]}))
    assert answer.json == {"retried": 30, "more": False}
    assert len(live.engine.queued()["{jobs}:default"]) == 30
    assert live.engine.statuses() == {"pending": 30}


def test_two_that_are_retried_at_once_do_not_share_a_unique_key(live: Live) -> None:
    ids = [live.engine.submit("FAIL", {"how": "permanent"}) for _ in range(8)]
    live.engine.drain()
    live.sql("UPDATE jobs SET unique_key = 'u'")

    def retry(job_id: UUID) -> bool:
        engine = live.engine.another()
        try:
            engine.store.retry(job_id, uuid4(), request_id=None)
        except Exception:  # noqa: BLE001 - which of them is told by the rows
            return False
        finally:
            engine.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(retry, ids)) == 1
    assert live.engine.statuses() == {"failed": 7, "pending": 1}


# Progress, and the news of a cancel


def test_progress_is_shown_while_an_attempt_runs_and_a_cancel_reaches_it(live: Live) -> None:
    seen: list[bool] = []
    began = threading.Event()

    def process(claim: Claim, tools: JobContext) -> Result:
        tools.progress(25, "a quarter")
        began.set()
        until = time.monotonic() + 20
        while not tools.cancelled() and time.monotonic() < until:
            time.sleep(0.01)
        seen.append(tools.cancelled())
        return {}

    slow = JobType("SLOW", process, 30.0)
    poller = live.engine.another(types={"SLOW": slow}, lease=1.5)
    api = live.engine.another(types={"SLOW": slow})
    job_id = api.submit("SLOW")
    with draining([poller], seconds=60.0) as drained:
        assert began.wait(20)
        answer = get(job_id)
        while answer.json["progress"] is None:
            since = [answer.json["updatedAt"]]
            query = {"wait": ["20"], "since": since}
            answer = send(event("GET", "/jobs/{id}/events", id=str(job_id), query=query))
        assert answer.json["status"] == "processing"
        assert answer.json["progress"] == {"percent": 25.0, "message": "a quarter"}
        assert cancel(job_id) == 200
    assert seen == [True]
    assert not drained[0].must_exit, "it stopped in time, so that the process may live on"
    assert get(job_id).json["status"] == "cancelled"
    for engine in (poller, api):
        engine.close()
