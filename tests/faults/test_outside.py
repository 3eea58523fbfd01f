"""A bucket and a mail server that fail: what becomes of the job, beyond the one call."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.adapters import s3
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.smtp import Smtp
from jobs.core.job_type import JobContext, ProcessorSettings
from jobs.core.retry import decide
from jobs.core.worker.drain import drain
from jobs.core.worker.executor import execute
from jobs.processors import JOB_TYPES
from outside.s3 import CUT as CUT_S3
from outside.s3 import S3Stub, s3_stub
from outside.smtp import CUT, SmtpSink, smtp_sink
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.core.job import Job

EXPORT = {"data": [{"id": 1, "name": "venkat"}]}
BYTES = b"id,name\r\n1,venkat\r\n"
MAIL: dict[str, Any] = {"to": "ann@example.com", "subject": "S", "body": "B"}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Stub]:
    with s3_stub() as stub:
        for name, text in (
            ("AWS_ENDPOINT_URL_S3", stub.url),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, text)
        yield stub


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as sink:
        yield sink


@pytest.fixture
def engine(postgres_url: str, redis_url: str, stub: S3Stub, sink: SmtpSink) -> Iterator[Engine]:
    """An engine with the processors, the bucket and the way out for mail that are shipped."""
    del stub
    migrate(postgres_url)
    with (
        closing(Engine(postgres_url, redis_url, types=JOB_TYPES)) as engine,
        closing(Smtp("127.0.0.1", sink.port, "jobs@example.com")) as mailer,
    ):
        settings = ProcessorSettings(mail_domain="example.com")
        context = JobContext(s3.Bucket(s3.connect(), "exports"), mailer, settings=settings)
        engine.config = replace(engine.config, job_context=context)
        yield engine


def run(engine: Engine, kind: str, payload: dict[str, Any]) -> Job:
    """Submit a job, and drain until it is final."""
    job_id = engine.submit(kind, payload)
    drain(engine.config, engine.invocation(300))
    return engine.job(job_id)


def outcomes(job: Job) -> list[str]:
    return [attempt.outcome for attempt in job.history]


def copies(sink: SmtpSink) -> Counter[bytes]:
    """How often each Message-ID came."""
    ids = [mail.content.partition(b"Message-ID: ")[2] for mail in sink.received]
    return Counter(text.partition(b"\r\n")[0] for text in ids)


def test_a_bucket_that_fails_for_a_while_costs_an_attempt(engine: Engine, stub: S3Stub) -> None:
    stub.faults.extend([503] * 2)
    job = run(engine, "CSV_EXPORT", EXPORT)
    assert outcomes(job) == ["failed", "completed"]
    assert [content for content, _ in stub.objects.values()] == [BYTES]


def test_a_bucket_that_always_fails_fails_the_job_with_its_code(
    engine: Engine, stub: S3Stub
) -> None:
    stub.faults.extend([503] * 20)
    job = run(engine, "CSV_EXPORT", EXPORT)
    assert (job.status, job.attempts) == ("failed", 3)
    assert "SlowDown" in (job.error or "")
    assert stub.objects == {}


def test_a_write_whose_answer_is_lost_is_found_done(engine: Engine, stub: S3Stub) -> None:
    stub.faults.extend([CUT_S3] * 2)
    job = run(engine, "CSV_EXPORT", EXPORT)
    assert job.status == "completed"
    assert [content for content, _ in stub.objects.values()] == [BYTES]


def test_a_completed_export_is_there_as_it_was_reported(engine: Engine, stub: S3Stub) -> None:
    jobs = [run(engine, "CSV_EXPORT", {"data": [{"n": n}] * n}) for n in range(1, 6)]
    for job in jobs:
        assert job.result
        content, _ = stub.objects[f"/{job.result['bucket']}/{job.result['key']}"]
        assert job.result["size"] == len(content)
        assert job.result["rows"] == content.count(b"\r\n") - 1


def test_two_runs_of_one_export_write_the_same_bytes_once(engine: Engine, stub: S3Stub) -> None:
    job_id = engine.submit("CSV_EXPORT", EXPORT)
    [claim] = engine.claim(job_id)
    first = JOB_TYPES["CSV_EXPORT"].process(claim, engine.config.job_context)
    written = dict(stub.objects)
    second = JOB_TYPES["CSV_EXPORT"].process(
        replace(claim, token=uuid4()), engine.config.job_context
    )
    assert first == second
    assert stub.objects == written


def test_a_mail_without_an_answer_is_sent_again_and_says_so(engine: Engine, sink: SmtpSink) -> None:
    sink.will_answer("DATA", CUT, CUT)
    job = run(engine, "EMAIL_SEND", MAIL)
    assert outcomes(job) == ["unknown", "unknown", "completed"]
    assert "unknown" in (job.history[0].error or "")
    assert copies(sink) == {f"<{job.id}@example.com>".encode(): 3}


def test_a_mail_that_never_gets_an_answer_is_failed_as_unknown(
    engine: Engine, sink: SmtpSink
) -> None:
    sink.will_answer("DATA", *[CUT] * 9)
    job = run(engine, "EMAIL_SEND", MAIL)
    assert (job.status, outcomes(job)) == ("failed", ["unknown"] * 3)
    assert "unknown" in (job.error or "")
    assert copies(sink) == {f"<{job.id}@example.com>".encode(): 3}


@pytest.mark.parametrize("reply", ["451 later", "421 busy"])
def test_a_mail_that_is_refused_for_now_is_sent_later(
    engine: Engine, sink: SmtpSink, reply: str
) -> None:
    sink.will_answer("RCPT", reply, reply)
    job = run(engine, "EMAIL_SEND", MAIL)
    assert (job.status, job.attempts) == ("completed", 3)
    assert len(sink.accepted) == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_mail_that_is_refused_for_good_is_not_sent_again(
    engine: Engine, sink: SmtpSink, command: str
) -> None:
    sink.will_answer(command, "550 no", "250 OK")
    job = run(engine, "EMAIL_SEND", MAIL)
    assert (job.status, job.attempts) == ("failed", 1)
    assert "550" in (job.error or "")
    assert sink.accepted == []


ANN, BOB, CARLA = "ann@example.com", "bob@example.com", "carla@example.com"
TO_THREE = MAIL | {"to": [ANN, BOB, CARLA]}


def test_no_recipient_gets_a_mail_twice_because_another_was_refused(
    engine: Engine, sink: SmtpSink
) -> None:
    sink.will_answer_for(BOB, "450 grey", "421 grey")
    job = run(engine, "EMAIL_SEND", TO_THREE)

    assert outcomes(job) == ["failed", "failed", "completed"]
    assert [mail.recipients for mail in sink.accepted] == [(ANN, CARLA), (BOB,)]
    assert len(copies(sink)) == 1
    assert job.result == {"messageId": f"<{job.id}@example.com>"}


def test_the_result_says_who_was_refused(engine: Engine, sink: SmtpSink) -> None:
    sink.will_answer_for(BOB, "550 5.1.1 unknown")
    job = run(engine, "EMAIL_SEND", TO_THREE)

    assert (job.status, outcomes(job)) == ("completed", ["completed"])
    assert job.result == {
        "messageId": f"<{job.id}@example.com>",
        "refused": [{"address": BOB, "reply": "550 5.1.1 unknown"}],
    }


def test_a_worker_lost_between_two_attempts_makes_nobody_get_a_mail_twice(
    engine: Engine, sink: SmtpSink
) -> None:
    sink.will_answer_for(BOB, "450 grey")
    job_id = engine.submit("EMAIL_SEND", TO_THREE)
    [claim] = engine.claim(job_id)
    outcome = execute(claim, JOB_TYPES, engine.config.job_context, engine.log)
    engine.store.settle([decide(claim, outcome)])
    engine.expire(job_id)
    assert engine.claim(job_id)
    engine.expire(job_id)
    engine.drain(seconds=300)

    assert outcomes(engine.job(job_id)) == ["failed", "lost", "completed"]
    assert sink.deliveries() == {ANN: 1, BOB: 1, CARLA: 1}


def test_a_job_that_failed_for_some_is_retried_for_those_alone(
    engine: Engine, sink: SmtpSink
) -> None:
    sink.will_answer_for(ANN, "550 unknown")
    sink.will_answer_for(BOB, *["450 grey"] * 3)
    job = run(engine, "EMAIL_SEND", TO_THREE)
    assert job.status == "failed"
    assert job.result == {
        "accepted": [CARLA],
        "refused": [{"address": ANN, "reply": "550 unknown"}],
    }
    assert f"{BOB}: 450 grey" in (job.error or "")

    engine.control().retry(job.id, request_id=None)
    engine.drain(seconds=300)

    assert engine.job(job.id).status == "completed"
    assert sink.deliveries() == {ANN: 1, BOB: 1, CARLA: 1}


@pytest.mark.parametrize("command", ["GREETING", "EHLO"])
def test_a_server_that_is_out_of_order_fails_no_mail_for_good(
    engine: Engine, sink: SmtpSink, command: str
) -> None:
    sink.will_answer(command, "554 5.3.2 out of order", "554 5.3.2 out of order")
    sink.will_answer("HELO", "554 5.3.2 out of order", "554 5.3.2 out of order")
    job = run(engine, "EMAIL_SEND", MAIL)

    assert outcomes(job) == ["failed", "failed", "completed"]
    assert "not about the mail" in (job.history[0].error or "")


def test_what_is_no_answer_to_the_content_is_unknown(engine: Engine, sink: SmtpSink) -> None:
    sink.will_answer("DATA", "what?")
    job = run(engine, "EMAIL_SEND", MAIL)

    assert outcomes(job) == ["unknown", "completed"]
    assert copies(sink) == {f"<{job.id}@example.com>".encode(): 2}
