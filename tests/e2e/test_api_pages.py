"""The commands of the pages on the API and on job types work: each block is run by bash."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from support.pages import SECONDS, blocks
from support.pages import run as run_block

if TYPE_CHECKING:
    from support.local_stack import LocalStack

API, JOB_TYPES = (blocks(page, "api") for page in ("docs/api.md", "docs/job-types.md"))
BLOCKS = {**API, **JOB_TYPES}
ID = re.compile(r'"jobId": ?"([0-9a-f-]{36})"')


def run(stack: LocalStack, name: str) -> str:
    return run_block(stack, BLOCKS[name])


def documents(printed: str) -> list[Any]:
    """The JSON documents among what was printed."""
    decoder, found = json.JSONDecoder(), []
    while (start := printed.find("{")) >= 0:
        document, end = decoder.raw_decode(printed[start:])
        found.append(document)
        printed = printed[start + end :]
    return found


def test_once(stack: LocalStack) -> None:
    first, again = run(stack, "once"), run(stack, "once")
    assert ID.findall(first) == ID.findall(again) != []
    replayed = re.compile("^idempotent-replayed: true", re.IGNORECASE | re.MULTILINE)
    assert [bool(replayed.search(each)) for each in (first, again)] == [False, True]


def test_later(stack: LocalStack) -> None:
    waiting, cancelled = documents(run(stack, "later"))
    assert waiting["waiting"]["reason"] == "scheduled"
    assert (cancelled["id"], cancelled["status"]) == (waiting["id"], "cancelled")


def test_batch(stack: LocalStack) -> None:
    stored, listed = documents(run(stack, "batch"))
    assert {job["jobId"] for job in stored["jobs"]} == {job["id"] for job in listed["jobs"]}


def test_failed(stack: LocalStack) -> None:
    failed, retried = documents(run(stack, "failed"))
    assert (failed["status"], failed["attempts"]) == ("failed", 1)
    assert (retried["id"], retried["status"]) == (failed["id"], "pending")


def test_options(stack: LocalStack) -> None:
    [job_id] = ID.findall(run(stack, "options"))
    assert ID.findall(run(stack, "options")) == [job_id]
    job = stack.api.finished(job_id, seconds=SECONDS)
    assert (job["status"], job["maxAttempts"], job["tags"]) == ("completed", 5, ["customer-7"])


def test_result(stack: LocalStack) -> None:
    assert run(stack, "result") == "id\n1\n"


def test_list(stack: LocalStack) -> None:
    for _ in range(2):
        stack.api.finished(stack.api.submit("CSV_EXPORT", {"data": [{"a": 1}]}), seconds=SECONDS)
    [page] = documents(run(stack, "list"))
    newest = stack.rows(
        "SELECT id FROM jobs WHERE type = 'CSV_EXPORT' AND status IN ('completed', 'failed')"
        " ORDER BY created_at DESC LIMIT 2"
    )
    assert [job["id"] for job in page["jobs"]] == [newest[1]["id"]]


def test_retry(stack: LocalStack) -> None:
    job_id = stack.api.submit("CSV_EXPORT", {"data": "invalid"})
    stack.api.finished(job_id, seconds=SECONDS)
    [answer] = documents(run(stack, "retry"))
    assert answer["retried"] >= 1
    history = stack.api.job(job_id)["attemptHistory"]
    assert "retried" in [attempt["outcome"] for attempt in history]


def test_keys(stack: LocalStack) -> None:
    printed = run(stack, "keys")
    assert documents(printed)[0]["jobs"]
    [key_id] = re.findall(r"^(\w+) is revoked$", printed, re.MULTILINE)
    assert re.search(rf"^{key_id} +billing +read,submit", printed, re.MULTILINE)


def test_formulas(stack: LocalStack) -> None:
    [job_id] = ID.findall(run(stack, "formulas"))
    stack.api.finished(job_id, seconds=SECONDS)
    stored = stack.aws("s3").get_object(Bucket=stack.outputs.bucket, Key=f"output/{job_id}.csv")
    assert stored["Body"].read() == b'a,b\r\n=1+1,\r\n,"[1,2]"\r\n'


def test_problem(stack: LocalStack) -> None:
    [problem] = documents(run(stack, "problem"))
    assert problem["status"] == 400
    assert [each["pointer"] for each in problem["errors"]] == ["/payload", "/maxAttempts"]


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_tested(name: str) -> None:
    assert f"test_{name}" in globals()


def test_no_two_blocks_have_one_name() -> None:
    assert not API.keys() & JOB_TYPES.keys()
