"""From HTTP to row, queue, poller, object, file and mail."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from stack.drain_order import started
from stack.waiting import wait_until
from stack.web import call

if TYPE_CHECKING:
    from support.local_stack import LocalStack

SECONDS = 60
MEMBERS = [
    *("id", "type", "status", "priority", "attempts", "result", "error"),
    *("createdAt", "updatedAt"),
]
CLAIM_AHEAD_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROWS = [{"id": 1, "name": "venkat"}, {"id": 2, "name": 'sai, "the second"', "city": "Łódź"}]
FILE = 'id,name,city\r\n1,venkat,\r\n2,"sai, ""the second""",Łódź\r\n'


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_export_ends_as_a_row_an_object_and_a_file(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": ROWS}, "high")
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert [name for name in job if name in MEMBERS] == MEMBERS
    assert (job["status"], job["attempts"], job["error"]) == ("completed", 1, None)
    assert job["result"]["filePath"] == f"output/{job_id}.csv"
    assert CLAIM_AHEAD_SECONDS.fullmatch(job["createdAt"])
    assert CLAIM_AHEAD_SECONDS.fullmatch(job["updatedAt"])
    [row] = stack.rows("SELECT * FROM jobs WHERE id = %s", job_id)
    assert (row["type"], row["status"], row["priority"]) == ("CSV_EXPORT", "completed", "high")
    stored = stack.aws("s3").get_object(Bucket=stack.outputs.bucket, Key=f"output/{job_id}.csv")
    assert stored["Body"].read().decode() == FILE
    path = stack.output / f"{job_id}.csv"
    wait_until(path.exists, str(path), seconds=SECONDS)
    assert path.read_bytes().decode() == FILE


def test_a_mail_ends_in_the_catcher(stack: LocalStack) -> None:
    letter = {"to": "test@example.com", "subject": f"Test {uuid4()}", "body": "Zażółć gęślą jaźń"}
    job_id = stack.api.submit("EMAIL_SEND", letter)
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert job["status"] == "completed"
    [mail] = [found for found in stack.mail.messages() if found["Subject"] == letter["subject"]]
    assert mail["Message-ID"] == job["result"]["messageId"]
    assert (mail["To"], mail["From"]) == (letter["to"], "sluice@example.com")
    assert mail.get_content().strip() == letter["body"]


def test_a_job_that_cannot_succeed_is_tried_three_times(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": "invalid"})
    seen = list(stack.api.watch(job_id, seconds=SECONDS))
    last = seen[-1]
    assert (last["status"], last["attempts"]) == ("failed", 3)
    assert "non-empty list" in last["error"]
    begins = [when(attempt["startedAt"]) for attempt in last["attemptHistory"]]
    ends = [when(attempt["endedAt"]) for attempt in last["attemptHistory"]]
    waits = [(begin - end).total_seconds() for begin, end in zip(begins[1:], ends, strict=False)]
    # Measured from times that were cut to milliseconds.
    assert [wait > promised - 0.002 for wait, promised in zip(waits, (1, 2), strict=True)] == [
        True,
        True,
    ]
    assert all(wait < SECONDS for wait in waits)


def test_a_high_job_goes_before_what_waits(stack: LocalStack) -> None:
    """Rows that are there when a poller comes are drained in the order of their priority.

    Eight at a time: which of them say first that they have started is up to the threads.
    """
    ids = {str(uuid4()): priority for priority in ["default"] * 40 + ["high"] * 5}
    since = time.time()
    stack.rows(
        "INSERT INTO jobs (id, type, priority, payload) "
        "SELECT id, 'CSV_EXPORT', priority, %s FROM unnest(%s::uuid[], %s) AS job (id, priority)",
        *('{"data": [{"id": 1}]}', [*ids], [*ids.values()]),
    )
    stack.aws("lambda").invoke(
        FunctionName=stack.outputs.poller_function, Payload=b'{"schedule": "now"}'
    )
    for job_id in ids:
        assert stack.api.finished(job_id, seconds=SECONDS)["status"] == "completed"
    poller = stack.outputs.poller_function
    order: list[str] = []

    def all_started() -> bool:
        order[:] = started(stack.aws("logs"), poller, ids, since)
        return len(order) == len(ids)

    wait_until(all_started, "the poller's log", seconds=SECONDS)
    assert [ids[job_id] for job_id in order[:20]].count("high") == 5


def test_many_jobs_at_once_are_each_done_once(stack: LocalStack) -> None:
    ids = [stack.api.submit("CSV_EXPORT", {"data": [{"n": n}]}) for n in range(40)]
    jobs = [stack.api.finished(job_id, seconds=SECONDS) for job_id in ids]
    assert {(job["status"], job["attempts"]) for job in jobs} == {("completed", 1)}
    paths = [stack.output / f"{job_id}.csv" for job_id in ids]
    wait_until(lambda: all(p.exists() for p in paths), "40 files", seconds=SECONDS)
    assert [p.read_text() for p in paths] == [f"n\n{n}\n" for n in range(40)]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", f"/jobs/{uuid4()}", None, 404),
        ("GET", "/jobs/not-an-id", None, 404),
        ("GET", "/no/such/path", None, 404),
        ("POST", "/jobs", {"type": "NO_SUCH_TYPE", "payload": {}}, 400),
        ("POST", "/jobs", {"type": "CSV_EXPORT", "payload": []}, 400),
        ("POST", "/jobs", ["not an object"], 400),
    ],
)
def test_a_refusal_is_a_problem_document(
    stack: LocalStack, method: str, path: str, body: object, expected: int
) -> None:
    status, problem = call(stack.url + path, body, method=method)
    assert status == expected
    assert problem["status"] == expected
    assert {"type", "title", "detail"} <= set(problem)


def test_health_names_every_part(stack: LocalStack) -> None:
    answer: tuple[int, Any] = call(f"{stack.url}/health")
    assert answer[0] == 200
    assert set(answer[1]["parts"]) == {"api", "database", "queue", "poller"}
