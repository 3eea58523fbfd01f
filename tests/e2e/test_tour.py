"""The commands of the tour do what the pages say, run by bash from the pages themselves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from support.pages import SECONDS, blocks
from support.pages import run as run_block

if TYPE_CHECKING:
    from support.local_stack import LocalStack

TOUR = {**blocks("README.md", "tour"), **blocks("docs/operations.md", "tour")}


def run(stack: LocalStack, name: str) -> str:
    return run_block(stack, TOUR[name])


def job_ids(printed: str) -> list[str]:
    return re.findall(r'"jobId": ?"([0-9a-f-]{36})"', printed)


def test_health(stack: LocalStack) -> None:
    assert json.loads(run(stack, "health"))["status"] == "up"


def test_export(stack: LocalStack) -> None:
    [job_id] = job_ids(run(stack, "export"))
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert (job["status"], job["priority"]) == ("completed", "high")
    assert stack.rows("SELECT status FROM jobs WHERE id = %s", job_id) == [{"status": "completed"}]


def test_mail(stack: LocalStack) -> None:
    [job_id] = job_ids(run(stack, "mail"))
    message_id = stack.api.finished(job_id, seconds=SECONDS)["result"]["messageId"]
    [mail] = [found for found in stack.mail.messages() if found["Message-ID"] == message_id]
    assert (mail["Subject"], mail["To"]) == ("Test Email", "test@example.com")


def test_priority(stack: LocalStack) -> None:
    ids = job_ids(run(stack, "priority"))
    jobs = [stack.api.finished(job_id, seconds=SECONDS) for job_id in ids]
    assert [job["priority"] for job in jobs] == ["default"] * 5 + ["high"]
    assert {job["status"] for job in jobs} == {"completed"}
    *default, high = (job["startedAt"] for job in jobs)
    assert high <= min(default)


def test_failure(stack: LocalStack) -> None:
    [job_id] = job_ids(run(stack, "failure"))
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert (job["status"], job["attempts"]) == ("failed", 3)


def test_inside(stack: LocalStack) -> None:
    printed = run(stack, "inside")
    for expected in (stack.outputs.api_function, "sluice-tick", ".csv", "CSV_EXPORT", "{jobs}:"):
        assert expected in printed


@pytest.mark.parametrize("name", TOUR)
def test_every_step_of_the_tour_is_tested(name: str) -> None:
    assert f"test_{name}" in globals()
