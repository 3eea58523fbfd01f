"""From the end of a job to the request that tells it, on real rows and a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import closing
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.adapters.public_http import PublicHttpClient
from jobs.core.job import Status
from jobs.core.job_type import JobContext, ProcessorSettings
from jobs.processors import ALL_TYPES
from support.engine import Engine
from support.hook import Hook, listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@pytest.fixture
def engine(empty_database: str, redis_url: str) -> Iterator[Engine]:
    context = JobContext(
        FakeObjects(),
        FakeMailer(),
        public_http=PublicHttpClient([ip_network("127.0.0.0/8")]),
        settings=ProcessorSettings(callback_secret=SECRET),
    )
    with closing(Engine(empty_database, redis_url, types=ALL_TYPES, context=context)) as made:
        yield made


def ended(engine: Engine, hook: Hook, payload: dict[str, Any], **more: Any) -> UUID:
    """The id of a job that ended, and told it."""
    body = {"type": "CSV_EXPORT", "payload": payload, "callbackUrl": hook.url, **more}
    job = engine.submit_body(body)
    engine.drain()
    return job


def deliveries(engine: Engine) -> list[Any]:
    return engine.sql(
        "SELECT status, attempts, error FROM jobs WHERE type = 'CALLBACK' ORDER BY created_at"
    )


def test_the_end_of_a_job_is_told_and_signed(engine: Engine, hook: Hook) -> None:
    job_id = ended(engine, hook, {"data": [{"a": 1}]})
    [told] = hook.seen
    headers, body = told.headers, told.body
    event = json.loads(body)
    assert event["type"] == "job.completed"
    assert (event["data"]["id"], event["data"]["status"]) == (str(job_id), "completed")
    assert event["data"]["result"]["filePath"] == f"output/{job_id}.csv"
    assert event["timestamp"] == event["data"]["updatedAt"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert [row[0] for row in deliveries(engine)] == ["completed"]


def test_a_job_that_fails_tells_so_once(engine: Engine, hook: Hook) -> None:
    ended(engine, hook, {"data": "invalid"}, maxAttempts=2, backoff={"seconds": 0})
    [told] = hook.seen
    event = json.loads(told.body)
    assert event["type"] == "job.failed"
    assert "non-empty list" in event["data"]["error"]


def test_it_is_told_again_under_the_same_id_until_it_is_heard(engine: Engine, hook: Hook) -> None:
    hook.statuses = [500, 302]
    ended(engine, hook, {"data": [{"a": 1}]})
    assert [each.path for each in hook.seen] == ["/hook"] * 3
    assert len({each.headers["webhook-id"] for each in hook.seen}) == 1
    assert [(row[0], row[1]) for row in deliveries(engine)] == [("completed", 3)]


def test_gone_is_final(engine: Engine, hook: Hook) -> None:
    hook.statuses = [410]
    ended(engine, hook, {"data": [{"a": 1}]})
    [(status, attempts, error)] = deliveries(engine)
    assert (status, attempts) == ("failed", 1)
    assert "410" in error


def test_a_job_without_a_callback_tells_nobody(engine: Engine) -> None:
    engine.submit_body({"type": "CSV_EXPORT", "payload": {"data": [{"a": 1}]}})
    engine.drain()
    assert deliveries(engine) == []


def test_a_cancelled_job_tells_so(engine: Engine, hook: Hook) -> None:
    body = {"type": "CSV_EXPORT", "payload": {}, "callbackUrl": hook.url, "delaySeconds": 60}
    job_id = engine.submit_body(body)
    control = engine.control()
    assert control.cancel(job_id).status is Status.CANCELLED
    control.cancel(job_id)  # again: nothing more is told
    assert [member for member, _ in engine.queued()["{jobs}:default"]] == [
        str(told) for (told,) in engine.sql("SELECT id FROM jobs WHERE type = 'CALLBACK'")
    ]
    engine.drain()
    [told] = hook.seen
    assert json.loads(told.body)["type"] == "job.cancelled"
