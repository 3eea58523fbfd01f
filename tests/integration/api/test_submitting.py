"""What a client may ask of a job, from the request to the row and the queue."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.job import Idempotency, NewJob
from support.gateway import event, post, send

if TYPE_CHECKING:
    from integration.api.conftest import Live

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}
KEY = {"Idempotency-Key": "order-1042"}


def test_a_job_that_is_put_off_waits_in_its_queue_and_is_waited_for(live: Live) -> None:
    job_id = post(EXPORT | {"delaySeconds": 30}).json["jobId"]
    [(member, score)] = live.engine.queued()["{jobs}:default"]
    assert member == job_id
    [[created, due]] = live.sql("SELECT created_at, due_at FROM jobs")
    assert (due - created).total_seconds() == 30
    assert score / 1000 == pytest.approx(due.timestamp(), abs=2)
    assert live.waker.wakes == [(0, False)]


def test_a_job_for_much_later_wakes_nobody(live: Live) -> None:
    assert post(EXPORT | {"runAt": "2999-01-01T00:00:00+05:30"}).status == 201
    assert live.waker.wakes == []
    assert live.sql("SELECT due_at = '2998-12-31T18:30:00Z' FROM jobs") == [(True,)]


def test_every_wish_is_in_the_row(live: Live) -> None:
    answer = post(
        EXPORT
        | {
            "maxAttempts": 7,
            "backoff": {"type": "fixed", "seconds": 30, "jitter": True},
            "timeoutSeconds": 12.5,
            "tags": ["nightly", "é"],
            "uniqueKey": "u",
            "uniqueFor": 60,
        },
        more=KEY,
    )
    assert answer.status == 201
    [row] = live.sql(
        "SELECT max_attempts, backoff, backoff_seconds, backoff_jitter, timeout_seconds, tags,"
        " unique_key, extract(epoch FROM unique_until - created_at)::float8, idempotency_key,"
        " extract(epoch FROM idempotent_until - created_at)::float8, length(body_hash),"
        " callback_url, owner FROM jobs"
    )
    assert row == (
        7,
        "fixed",
        30.0,
        True,
        12.5,
        ["nightly", "é"],
        "u",
        60.0,
        KEY["Idempotency-Key"],
        86400.0,
        64,
        None,
        None,
    )
    assert live.sql("SELECT tag FROM job_tags ORDER BY tag") == [("nightly",), ("é",)]


def test_a_request_that_comes_again_under_its_key_comes_to_its_job(live: Live) -> None:
    first = post(EXPORT, more=KEY)
    again = post('{"payload": {"data": [{"n": 1}]}, "type": "CSV_EXPORT"}', more=KEY)
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = post(EXPORT | {"priority": "high"}, more=KEY)
    assert (other.status, other.json["type"]) == (
        409,
        "urn:problem-type:sluice:idempotency-key-reused",
    )
    assert live.sql("SELECT count(*) FROM jobs") == [(1,)]


def test_how_long_a_key_is_kept_is_configured(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs import bootstrap  # noqa: PLC0415 - to put it together anew

    monkeypatch.setenv("IDEMPOTENCY_HOURS", "2")
    bootstrap.api.cache_clear()
    post(EXPORT, more=KEY)
    assert live.sql(
        "SELECT extract(epoch FROM idempotent_until - created_at)::float8 FROM jobs"
    ) == [(7200.0,)]


def test_a_key_that_is_used_by_many_at_once_makes_one_job(live: Live) -> None:
    def submit(_: int) -> UUID:
        with closing(Connection(live.engine.database_url)) as connection:
            store = PostgresStore(connection)
            wish = NewJob(uuid4(), "NOOP", {}, idempotency=Idempotency("k", "hash", 60.0))
            return store.insert(wish).id

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            ids = set(pool.map(submit, range(8)))
            assert len(ids) == 1
            # From now on the key is expired, so that the next round has to take it off first.
            live.sql("UPDATE jobs SET idempotent_until = now()")
    assert live.sql("SELECT count(*) FROM jobs") == [(5,)]


def test_an_open_job_is_the_answer_to_another_with_its_unique_key(live: Live) -> None:
    first = post(EXPORT | {"uniqueKey": "nightly"})
    again = post(EXPORT | {"uniqueKey": "nightly", "priority": "high"})
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    live.sql("UPDATE jobs SET status = 'failed'")
    assert post(EXPORT | {"uniqueKey": "nightly"}).status == 201


def test_a_key_that_came_to_the_job_of_a_unique_key_is_not_known_again(live: Live) -> None:
    wish = EXPORT | {"uniqueKey": "nightly"}
    first = post(wish)
    assert post(wish, more=KEY).json == first.json
    live.sql("UPDATE jobs SET status = 'failed'")
    again = post(wish, more=KEY)
    assert again.status == 201
    assert again.json != first.json
    assert "idempotent-replayed" not in again.headers


def test_a_scheduled_job_runs_once_its_time_has_come(live: Live) -> None:
    job_id = live.engine.submit("NOOP")
    later = post(EXPORT | {"delaySeconds": 3600}).json["jobId"]
    live.engine.drain()
    assert live.engine.job(job_id).status == "completed"
    assert live.engine.job(UUID(later)).attempts == 0
    live.advance(3600)
    live.engine.drain()
    assert live.engine.job(UUID(later)).attempts == 1


def test_a_failing_job_is_put_off_by_its_own_rule_and_its_own_number(live: Live) -> None:
    live.engine.submit("FAIL")
    [[job_id]] = live.sql(
        "UPDATE jobs SET max_attempts = 2, backoff = 'fixed', backoff_seconds = 3600 RETURNING id"
    )
    live.engine.drain()
    assert live.engine.job(UUID(job_id)).due_in == pytest.approx(3600, abs=10)
    live.advance(3600)
    live.engine.drain()
    assert live.engine.job(UUID(job_id)).status == "failed"


def test_an_attempt_that_takes_longer_than_its_job_allows_fails(live: Live) -> None:
    job_id = live.engine.submit("SLEEP", {"seconds": 2.0}, max_attempts=1)
    live.sql("UPDATE jobs SET timeout_seconds = 0.2")
    assert live.engine.drain().must_exit
    job = live.engine.job(job_id)
    assert (job.status, job.error) == ("failed", "ran longer than the 0.2 s that it may take")


def test_a_key_that_is_none_is_refused(live: Live) -> None:
    for key in ("", " ", "two words", "é", "x" * 256, '""'):
        answer = post(EXPORT, more={"Idempotency-Key": key})
        assert (answer.status, answer.json["type"]) == (
            400,
            "urn:problem-type:sluice:invalid-header",
        )
    assert post(EXPORT, more={"idempotency-KEY": '"quoted"'}).status == 201
    assert live.sql("SELECT idempotency_key FROM jobs") == [("quoted",)]


# Batches


def test_two_keys_are_refused(live: Live) -> None:
    twice = event("POST", "/jobs", body=json.dumps(EXPORT), headers=KEY)
    name = next(iter(KEY))
    twice["multiValueHeaders"] = {name: ["another", KEY[name]]}
    answer = send(twice)
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-header")
    assert live.sql("SELECT count(*) FROM jobs") == [(0,)]


def test_a_batch_of_a_thousand_is_one_transaction_in_order(live: Live) -> None:
    answer = post(
        {"jobs": [EXPORT | {"payload": {"data": [{"n": n}]}} for n in range(1000)]},
        resource="/jobs/batch",
    )
    assert answer.status == 201
    ids = [job["jobId"] for job in answer.json["jobs"]]
    assert live.sql("SELECT count(*), count(DISTINCT xmin::text) FROM jobs") == [(1000, 1)]
    [[ninth]] = live.sql("SELECT payload FROM jobs WHERE id = %s", ids[9])
    assert ninth == {"data": [{"n": 9}]}
    assert [member for member, _ in live.engine.queued()["{jobs}:default"]] == ids
    assert live.waker.wakes == [(0, False)]


def test_a_batch_with_one_bad_element_stores_nothing(live: Live) -> None:
    batch = [EXPORT] * 999 + [EXPORT | {"priority": "low"}]
    answer = post({"jobs": batch}, resource="/jobs/batch")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/jobs/999/priority")
    assert live.sql("SELECT count(*) FROM jobs") == [(0,)]
    assert not live.engine.queued()["{jobs}:default"]
