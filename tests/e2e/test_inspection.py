"""The commands of docs/operations.md show what the page says: each block is run by bash."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from stack.paths import ROOT

if TYPE_CHECKING:
    from support.local_stack import LocalStack

BLOCK = re.compile(r"<!-- inspect: ([a-z-]+) -->\n```bash\n(.*?)```", re.DOTALL)
PAGE = dict(BLOCK.findall((ROOT / "docs/operations.md").read_text()))
SECONDS = 60


@pytest.fixture(scope="module")
def job_id(stack: LocalStack) -> str:
    """The last export that was completed."""
    posted = stack.api.submit("CSV_EXPORT", {"data": [{"id": 7, "name": "venkat"}]})
    assert stack.api.finished(posted, seconds=SECONDS)["status"] == "completed"
    return posted


def look(stack: LocalStack, name: str) -> str:
    """What a block prints after the one that gives the shell its addresses."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{PAGE['shell']}\n{PAGE[name]}"],
        cwd=ROOT,
        env=stack.environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def documents(printed: str) -> list[dict[str, object]]:
    """The JSON documents that were printed one after another."""
    decoder, found = json.JSONDecoder(), []
    while printed := printed.lstrip():
        document, end = decoder.raw_decode(printed)
        found.append(document)
        printed = printed[end:]
    return found


def test_deployed(stack: LocalStack, job_id: str) -> None:
    stacks, functions, rules = documents(look(stack, "deployed"))
    assert '"sluice"' in json.dumps(stacks)
    assert re.search(r'"StackStatus": "(CREATE|UPDATE)_COMPLETE"', json.dumps(stacks))
    assert {"sluice-api", "sluice-poller"} <= set(re.findall(r"sluice-\w+", json.dumps(functions)))
    [rule] = [each for each in rules["Rules"] if each["Name"] == "sluice-tick"]  # type: ignore[attr-defined]
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")


def test_exports(stack: LocalStack, job_id: str) -> None:
    printed = look(stack, "exports")
    assert stack.outputs.bucket in printed
    assert f"{job_id}.csv" in printed
    assert printed.replace("\r\n", "\n").endswith("id,name\n7,venkat\n")


def test_dead_letters(stack: LocalStack, job_id: str) -> None:
    [found] = documents(look(stack, "dead-letters"))
    attributes = found["Attributes"]
    assert isinstance(attributes, dict)
    assert attributes["QueueArn"].endswith(":sluice-dead-letters")
    assert int(attributes["ApproximateNumberOfMessages"]) >= 0


def test_logs(stack: LocalStack, job_id: str) -> None:
    printed = ""
    while printed.count(job_id) < 4:  # written when the poller leaves; by two tools, two lines
        printed = look(stack, "logs")
    [filtered, *_], by_sam = documents_and_rest(printed)
    for told in (json.dumps(filtered), by_sam):
        assert job_id in told
        assert "attempt.started" in told
        assert "attempt.ended" in told


def documents_and_rest(printed: str) -> tuple[list[dict[str, object]], str]:
    """The JSON document at the beginning, and what follows it."""
    document, end = json.JSONDecoder().raw_decode(printed)
    return [document], printed[end:]


def test_poller(stack: LocalStack, job_id: str) -> None:
    unannounced = str(uuid4())
    stack.rows(
        "INSERT INTO jobs (id, type, priority, payload) VALUES (%s, %s, %s, %s)",
        *(unannounced, "CSV_EXPORT", "default", '{"data": [{"id": 1}]}'),
    )
    answers = documents(look(stack, "poller"))
    assert [answer.get("StatusCode") for answer in answers] == [None, 200, None, 200]
    assert not any("FunctionError" in answer or "error" in answer for answer in answers)
    assert stack.api.finished(unannounced, seconds=SECONDS)["status"] == "completed"


def test_rows(stack: LocalStack, job_id: str) -> None:
    printed = look(stack, "rows")
    assert re.search(r"CSV_EXPORT *\| completed *\| +\d+", printed)
    assert "lease_until" in printed
    assert re.search(r"1 \| completed \| \d{4}-", printed)


def test_queues(stack: LocalStack, job_id: str) -> None:
    waiting = str(uuid4())
    stack.rows(
        "INSERT INTO jobs (id, type, payload, due_at) VALUES (%s, %s, %s, now() + interval '1 h')",
        *(waiting, "CSV_EXPORT", '{"data": [{"id": 1}]}'),
    )
    look(stack, "poller")  # mends the queues from the rows
    printed = look(stack, "queues")
    assert "{jobs}:complete" in printed
    assert re.search(rf"{waiting}\W+\d{{13}}", printed)
    stack.rows("DELETE FROM jobs WHERE id = %s", waiting)


def test_clock(stack: LocalStack) -> None:
    stuck = str(uuid4())
    stack.rows(
        "INSERT INTO jobs (id, type, payload, due_at, created_at, updated_at) VALUES (%s, %s, %s,"
        " now() + interval '1 h', now() + interval '1 h', now() + interval '1 h')",
        *(stuck, "CSV_EXPORT", '{"data": [{"id": 1}]}'),
    )
    assert "UPDATE 1" in look(stack, "clock")
    look(stack, "poller")
    assert stack.api.finished(stuck, seconds=SECONDS)["status"] == "completed"


@pytest.mark.parametrize("name", PAGE)
def test_every_block_of_the_page_is_tested(name: str) -> None:
    assert name == "shell" or f"test_{name.replace('-', '_')}" in globals()
