"""A part whose settings are not valid fails the jobs that need it, and no others, and is known."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import psycopg2
import pytest
from moto import mock_aws

from api.app import app
from jobs import bootstrap
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.store import PostgresStore
from jobs.adapters.redis.client import connect
from jobs.adapters.redis.queue import RedisQueue
from jobs.core.best_effort import BestEffortQueue
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.context import Invocation
from jobs.processors import JOB_TYPES
from poller.handler import handler
from support import gateway
from support.gateway import Context as ApiContext
from support.recording import RecordingLog, RecordingWaker

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "exports"
NOT_AN_ADDRESS = "Acme, Inc. <jobs@example.com>"
EXPORT = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}
MAIL = {
    "type": "EMAIL_SEND",
    "payload": {"to": "ann@example.com", "subject": "S", "body": "B"},
    "maxAttempts": 1,
}


class Context:
    """As much of Lambda's context as the function asks for."""

    aws_request_id = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


@pytest.fixture
def environment(
    postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Both functions as for Lambda, with a bucket; a test makes single settings wrong."""
    variables = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "POLLER_FUNCTION": "poller",
        "BUCKET": BUCKET,
        "MAIL_HOST": "127.0.0.1",
        "MAIL_PORT": "1",
        "MAIL_FROM": "jobs@example.com",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for each in (bootstrap.poller, bootstrap.api):
        each.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield monkeypatch
    for each in (bootstrap.poller, bootstrap.api):
        each.cache_clear()


def checked() -> list[str]:
    """What the poller says would keep it from its work."""
    answer: list[str] = handler({"admin": {"action": "check"}}, Context())["problems"]
    return answer


def polled() -> dict[str, Any]:
    """What a poller does that the schedule calls."""
    answer: dict[str, Any] = handler({"schedule": "rate(1 minute)"}, Context())
    return answer


@pytest.fixture
def submit(environment: pytest.MonkeyPatch, postgres_url: str, redis_url: str) -> Iterator[Submit]:
    del environment
    bootstrap.poller()
    with closing(Connection(postgres_url)) as connection, closing(connect(redis_url)) as redis:
        queue = BestEffortQueue(RedisQueue(redis), RecordingLog())
        publisher = Publisher(queue, RecordingWaker())
        store = PostgresStore(connection, events=True)
        yield Submit(store=store, publisher=publisher, types=JOB_TYPES, callbacks=True)
    bootstrap.poller.cache_clear()


def jobs(database_url: str) -> dict[str, tuple[str, str]]:
    """Status and error of the jobs, by type; the error is empty while there is none."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT type, status, coalesce(error, '') FROM jobs")
        return {kind: (status, error) for kind, status, error in cursor.fetchall()}


def drained(database_url: str, kind: str) -> dict[str, tuple[str, str]]:
    """The jobs, after a drain that stops once the export is done and one of `kind` has failed."""

    def enough() -> bool:
        found = jobs(database_url)
        return found["CSV_EXPORT"][0] == "completed" and bool(found.get(kind, ("", ""))[1])

    bootstrap.poller.cache_clear()
    deadline = time.monotonic() + 120
    bootstrap.poller().drain(
        Invocation(
            "test",
            remaining=lambda: deadline - time.monotonic(),
            stopping=enough,
        )
    )
    return jobs(database_url)


def test_where_all_is_well_nothing_is_found(environment: pytest.MonkeyPatch) -> None:
    del environment
    assert checked() == []
    assert bootstrap.check_api() == ()


WRONG = {
    "MAIL_FROM": NOT_AN_ADDRESS,
    "MAIL_HOST": "",
    "MAIL_TLS": "ssl",
    "MAIL_USER": "ann",
    "CALLBACK_SECRET": "too short",
    "CALLBACK_ALLOW": "localhost",
    "EVENT_BUS": "a b",
    "LEASE_SECONDS": "0",
    "CONCURRENCY": "many",
    "BUCKET": "another",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://user@127.0.0.1:1/jobs_db",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_by_the_name_of_its_setting(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, WRONG[name])
    [problem] = checked()
    assert problem.startswith(name)


def test_all_that_is_wrong_is_found_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in ("MAIL_FROM", "EVENT_BUS", "LEASE_SECONDS"):
        environment.setenv(name, WRONG[name])
    assert [each.split()[0].rstrip(":") for each in checked()] == [
        "LEASE_SECONDS",
        "MAIL_FROM",
        "EVENT_BUS",
    ]


@pytest.mark.parametrize("name", ["REDIS_URL", "DATABASE_URL", "CORS_ORIGINS", "IDEMPOTENCY_HOURS"])
def test_what_is_wrong_with_the_api_is_found_by_the_name_of_its_setting(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    checked()
    environment.setenv(name, WRONG.get(name, "nonsense"))
    answer = app({"admin": {"action": "check"}}, ApiContext())
    [problem] = answer["problems"]
    assert problem.startswith(name)


def test_an_api_without_a_schema_says_so(environment: pytest.MonkeyPatch) -> None:
    del environment
    [problem] = bootstrap.check_api()
    assert problem.startswith("DATABASE_URL: The database has no schema yet")


def test_a_processor_that_cannot_be_imported_is_found(
    environment: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    del tmp_path
    environment.setattr("jobs.processors.ALL_TYPES._modules", {"CSV_EXPORT": "nothing"})
    environment.setattr("jobs.processors.ALL_TYPES._types", {})
    [problem] = checked()
    assert "the processor of CSV_EXPORT cannot be imported" in problem


def test_a_bad_mail_setting_fails_mails_only(
    environment: pytest.MonkeyPatch, submit: Submit, postgres_url: str
) -> None:
    environment.setenv("MAIL_FROM", NOT_AN_ADDRESS)
    submit(EXPORT)
    submit(MAIL)
    found = drained(postgres_url, "EMAIL_SEND")
    assert found["CSV_EXPORT"] == ("completed", "")
    status, error = found["EMAIL_SEND"]
    assert (status, error.startswith("MAIL_FROM: ")) == ("failed", True)


@pytest.mark.parametrize("name", ["CALLBACK_SECRET", "CALLBACK_ALLOW"])
def test_a_bad_setting_of_callbacks_fails_callbacks_only(
    environment: pytest.MonkeyPatch, submit: Submit, postgres_url: str, name: str
) -> None:
    environment.setenv(name, WRONG[name])
    submit(EXPORT | {"callbackUrl": "https://example.com/hook"})
    found = drained(postgres_url, "CALLBACK")
    assert found["CSV_EXPORT"] == ("completed", "")
    assert found["CALLBACK"][1].startswith(f"{name} must be ")


def test_a_bad_setting_of_events_fails_events_only(
    environment: pytest.MonkeyPatch, submit: Submit, postgres_url: str
) -> None:
    environment.setenv("EVENT_BUS", WRONG["EVENT_BUS"])
    submit(EXPORT)
    found = drained(postgres_url, "EVENT")
    assert found["CSV_EXPORT"] == ("completed", "")
    assert found["EVENT"][1].startswith("EVENT_BUS must be ")


def test_health_knows_until_it_is_mended(
    environment: pytest.MonkeyPatch, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("MAIL_FROM", NOT_AN_ADDRESS)
    polled()
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [line] = [each for each in logged if each["event"] == "part.misconfigured"]
    assert (line["level"], line["part"]) == ("ERROR", "mail")
    assert line["error"].startswith("MAIL_FROM: ")

    health = gateway.health()
    assert (health.status, health.json["status"]) == (200, "up")
    mail = health.json["parts"]["mail"]
    assert (mail["status"], mail["fault"]) == ("misconfigured", "not valid: MAIL_FROM")
    assert "Acme" not in health.text

    with closing(connect(redis_url)) as redis:
        redis.flushall()
    assert "mail" not in gateway.health().json["parts"]
    polled()
    assert "mail" in gateway.health().json["parts"], "reported again, and again"

    environment.setenv("MAIL_FROM", "jobs@example.com")
    assert checked() == []
    assert "mail" not in gateway.health().json["parts"]
