"""Whatever is sent: no 5xx, no hanging, nothing half stored, and no secret in a log."""

from __future__ import annotations

import csv
import http.client
import io
import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from stack.engines.differences import LOCALSTACK
from stack.waiting import wait_until
from stack.web import call
from support import differs
from support.hostile import JSON, REQUESTS, Request
from support.naughty import STORABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.local_stack import LocalStack

SECONDS = 60
HANGS = 20.0
"""Seconds after which an answer is not one any more."""
UNPACKED = {"gzip": frozenset({400}), "no_gzip": frozenset({500})}
"""What answers a body that is unpacked on the way."""


def sent(stack: LocalStack, request: Request) -> tuple[int, str, bytes]:
    """Status, Content-Type and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", int(stack.chosen["API_PORT"]), HANGS)
    try:
        connection.putrequest(request.method, request.path, skip_host="Host" in request.headers)
        body = request.body
        length = {} if body is None else {"Content-Length": str(len(body))}
        for name, value in {**request.headers, **length}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left_to_do(stack: LocalStack) -> Iterator[None]:
    yield
    stack.cancel_open()


def rows(stack: LocalStack) -> int:
    return int(stack.rows("SELECT count(*) AS n FROM jobs")[0]["n"])


def test_there_are_enough_of_them() -> None:
    assert len(REQUESTS) >= 150
    assert len({each.name for each in REQUESTS}) == len(REQUESTS)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: ascii(each.name)[1:-1])
def test_a_hostile_request_is_answered_and_harms_nothing(
    stack: LocalStack, request_: Request
) -> None:
    before = rows(stack)
    status, content_type, body = sent(stack, request_)

    statuses = request_.statuses
    if request_.name in UNPACKED and stack.chosen["ENGINE"] == LOCALSTACK:
        differs.note(LOCALSTACK, "body said to be gzip")
        statuses = UNPACKED[request_.name]
    assert status in statuses, body[:500]
    if status >= 400:
        assert content_type.startswith("application/problem+json")
        assert json.loads(body)["status"] == status
        assert b"Traceback" not in body
    assert rows(stack) == before + (status == 201)
    wait_until(lambda: call(f"{stack.url}/health")[0] == 200, "a healthy stack", seconds=SECONDS)


def test_naughty_strings_come_out_of_an_export_as_they_went_in(stack: LocalStack) -> None:
    payload = {"data": [{"text": text} for text in STORABLE], "formulas": "keep"}
    job_id = stack.api.submit("CSV_EXPORT", payload)
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert (job["status"], job["attempts"]) == ("completed", 1)
    path = stack.output / f"{job_id}.csv"
    wait_until(path.exists, str(path), seconds=SECONDS)
    file = path.read_bytes().decode()
    assert [line[0] for line in csv.reader(io.StringIO(file, newline=""))][1:] == [*STORABLE]


def test_naughty_strings_arrive_in_a_mail_as_they_were_sent(stack: LocalStack) -> None:
    text = "\n".join(line for each in STORABLE for line in each.splitlines())
    subject = f"{uuid4()} {{{{7*7}}}} =?utf-8?q?=0D=0ABcc:_eve@example.com?= Zażółć"
    letter = {"to": "test@example.com", "subject": subject, "body": text}
    job = stack.api.finished(stack.api.submit("EMAIL_SEND", letter), seconds=SECONDS)
    assert job["status"] == "completed"
    [mail] = [each for each in stack.mail.messages() if subject[:36] in str(each["Subject"])]
    assert mail["To"] == "test@example.com"
    assert (mail["Bcc"], mail["Subject"]) == (None, subject)
    assert mail.get_content().splitlines() == text.splitlines()


def test_logs_carry_neither_payloads_nor_secrets(stack: LocalStack) -> None:
    canary, since = f"canary{uuid4().hex}", time.time()
    jobs = [
        ("CSV_EXPORT", {"data": [{canary: canary}]}),
        ("CSV_EXPORT", {"data": canary}),
        ("EMAIL_SEND", {"to": canary, "subject": canary, "body": canary}),
        ("EMAIL_SEND", {"to": "a@example.com", "subject": canary, "body": f"{canary}\r\n{canary}"}),
        ("EMAIL_SEND", {"to": "a@example.com", "template": canary, "context": {canary: canary}}),
        ("EMAIL_SEND", {canary: canary}),
    ]
    ids = [stack.api.submit(kind, payload) for kind, payload in jobs]
    for request in (
        Request("", "POST", "/jobs", b"{" + canary.encode(), {"Content-Type": JSON}, frozenset()),
        Request(
            "",
            "POST",
            "/jobs",
            b"{}",
            {"Content-Type": JSON, "Idempotency-Key": canary},
            frozenset(),
        ),
        Request("", "GET", "/jobs", None, {"Authorization": f"Bearer {canary}"}, frozenset()),
        Request("", "GET", "/health", None, {"X-Api-Key": canary, "Cookie": canary}, frozenset()),
    ):
        sent(stack, request)
    final = [stack.api.finished(job_id, seconds=SECONDS)["status"] for job_id in ids]
    assert {"completed", "failed"} == set(final)
    lines: list[str] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        lines = [line for name in functions(stack) for line in stack.logged(name, since)]
        if all(sum(job_id in line for line in lines) >= 2 for job_id in ids):
            break
    assert all(any(job_id in line for line in lines) for job_id in ids)
    assert [line for line in lines if canary in line] == []
    for secret in ("user:password@", stack.parts.services[0].address):
        assert [line for line in lines if secret in line] == []


def functions(stack: LocalStack) -> tuple[str, ...]:
    return stack.outputs.api_function, stack.outputs.poller_function
