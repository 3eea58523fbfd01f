"""Queues of the deployed stack that are paused and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.local_stack import LocalStack

SECONDS = 60
ROWS = {"data": [{"id": 1}]}


def ask(stack: LocalStack, name: str, what: str) -> tuple[int, Any]:
    return call(f"{stack.url}/queues/{name}/{what}", method="POST")


@pytest.fixture
def paused(stack: LocalStack) -> Iterator[dict[str, Any]]:
    """What the API answers when the high queue is paused; it goes on at the end."""
    try:
        status, state = ask(stack, "high", "pause")
        assert status == 200, state
        yield state
    finally:
        ask(stack, "high", "resume")


def test_a_paused_queue_waits_while_the_other_is_served(
    stack: LocalStack, paused: dict[str, Any]
) -> None:
    assert (paused["priority"], paused["paused"]) == ("high", True)
    assert ask(stack, "high", "pause") == (200, paused)
    high = stack.api.submit("CSV_EXPORT", ROWS, "high")
    default = stack.api.submit("CSV_EXPORT", ROWS)
    assert stack.api.finished(default, seconds=SECONDS)["status"] == "completed"
    job = stack.api.job(high)
    assert (job["status"], job["attempts"], job["waiting"]) == ("pending", 0, {"reason": "paused"})
    _, stats = call(f"{stack.url}/stats")
    assert [each["paused"] for each in stats["queues"]] == [True, False]
    assert ask(stack, "high", "resume") == (
        200,
        {"priority": "high", "paused": False, "pausedAt": None},
    )
    done = stack.api.finished(high, seconds=SECONDS)
    assert (done["status"], done["attempts"]) == ("completed", 1)


def test_there_is_no_other_queue(stack: LocalStack) -> None:
    status, problem = ask(stack, "high_priority", "pause")
    assert (status, problem["type"]) == (404, "urn:problem-type:sluice:queue-not-found")
