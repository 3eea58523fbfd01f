"""What is off on a stack for which nothing is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.web import call

if TYPE_CHECKING:
    from support.local_stack import LocalStack

SECONDS = 60
ROWS = {"data": [{"a": 1}]}


def test_without_a_secret_no_callback_is_promised(stack: LocalStack) -> None:
    body = {"type": "CSV_EXPORT", "payload": ROWS, "callbackUrl": "https://example.com/hook"}
    status, problem = call(f"{stack.url}/jobs", body)
    assert status == 400
    [error] = problem["errors"]
    assert error["pointer"] == "/callbackUrl"
    assert "CALLBACK_SECRET" in error["detail"]


def test_by_default_nothing_is_told(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", ROWS)
    stack.api.finished(job_id, seconds=SECONDS)
    told = "SELECT id FROM jobs WHERE type = 'EVENT' AND payload -> 'job' ->> 'id' = %s"
    assert stack.rows(told, job_id) == []
