"""Callbacks from the deployed stack to a real receiver that judges them as it is told to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from stack.paths import ROOT
from stack.waiting import wait_until
from stack.web import call
from support.hook import Hook, Told, listening
from support.local_stack import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.local_stack import LocalStack

SECONDS = 90
SECRET = OPTIONS["CALLBACK_SECRET"]
ROWS = {"data": [{"a": 1}]}
PAGE = (ROOT / "docs" / "api.md").read_text()
RECIPE = re.compile(r"<!-- recipe: verify -->\n```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def telling(full_stack: LocalStack) -> LocalStack:
    """The stack, with something to sign with, and let to call 127.0.0.2 beside the internet."""
    return full_stack


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening("127.0.0.2") as made:
        yield made


@pytest.fixture(scope="module")
def verified() -> Callable[..., bool]:
    """The function that the documentation gives to receivers."""
    [source] = RECIPE.findall(PAGE)
    names: dict[str, Any] = {}
    exec(source, names)
    found: Callable[..., bool] = names["verified"]
    return found


def submitted(stack: LocalStack, url: str, payload: object, **more: object) -> str:
    """The id of a job whose end is told to `url`."""
    body = {"type": "CSV_EXPORT", "payload": payload, "callbackUrl": url, **more}
    status, answer = call(f"{stack.url}/jobs", body, key=stack.key)
    assert status == 201, answer
    return str(answer["jobId"])


def delivery(stack: LocalStack, job_id: str) -> dict[str, Any]:
    """The job that tells the end of `job_id`, once it has ended itself."""
    found: list[dict[str, Any]] = []

    def made() -> bool:
        found[:] = stack.rows(
            "SELECT id FROM jobs WHERE type = 'CALLBACK' AND payload->'job'->>'id' = %s", job_id
        )
        return bool(found)

    wait_until(made, f"a callback about {job_id}", seconds=SECONDS)
    [row] = found
    return stack.api.finished(row["id"], seconds=SECONDS)


def event(told: Told) -> Any:
    return json.loads(told.body)


def test_the_end_of_a_job_is_told_and_its_signature_holds(
    telling: LocalStack, hook: Hook, verified: Callable[..., bool]
) -> None:
    job_id = submitted(telling, hook.url, ROWS)
    done = delivery(telling, job_id)
    assert (done["status"], done["attempts"], done["result"]) == ("completed", 1, {"status": 204})
    [told] = hook.seen
    assert (told.method, told.path) == ("POST", "/hook")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["webhook-id"] == done["id"]
    assert verified(SECRET, told.headers, told.body)
    assert event(told)["type"] == "job.completed"
    shown = telling.api.job(job_id)
    assert event(told)["data"] == {name: shown[name] for name in event(told)["data"]}
    assert event(told)["data"]["result"]["filePath"] == f"output/{job_id}.csv"


def test_what_was_not_signed_so_is_not_believed(
    telling: LocalStack, hook: Hook, verified: Callable[..., bool]
) -> None:
    delivery(telling, submitted(telling, hook.url, ROWS))
    [told] = hook.seen
    at = int(told.headers["webhook-timestamp"])
    assert not verified(SECRET, told.headers, told.body.replace(b"completed", b"cancelled"))
    assert not verified(f"{SECRET[:-4]}AAA=", told.headers, told.body)
    for name, value in (
        ("webhook-id", "another"),
        ("webhook-timestamp", str(at - 1)),
        ("webhook-signature", "v1,AAAA"),
    ):
        assert not verified(SECRET, {**told.headers, name: value}, told.body)
    assert verified(SECRET, told.headers, told.body, now=at + 299)
    assert not verified(SECRET, told.headers, told.body, now=at + 301)


def test_a_receiver_that_answers_500_twice_is_told_again(
    telling: LocalStack, hook: Hook, verified: Callable[..., bool]
) -> None:
    hook.statuses = [500, 500]
    done = delivery(telling, submitted(telling, hook.url, ROWS))
    assert (done["status"], done["attempts"]) == ("completed", 3)
    errors = [attempt["error"] for attempt in done["attemptHistory"]]
    assert errors[2] is None
    assert all("answered with 500" in error for error in errors[:2])
    assert len({(told.headers["webhook-id"], told.body) for told in hook.seen}) == 1
    assert [verified(SECRET, told.headers, told.body) for told in hook.seen] == [True] * 3


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(telling: LocalStack, hook: Hook, status: int) -> None:
    hook.statuses = [status]
    done = delivery(telling, submitted(telling, hook.url, ROWS))
    assert (done["status"], done["attempts"]) == ("completed", 2)
    assert f"answered with {status}" in done["attemptHistory"][0]["error"]
    assert [(told.method, told.path) for told in hook.seen] == [("POST", "/hook")] * 2


def test_a_receiver_that_is_gone_is_not_told_again(telling: LocalStack, hook: Hook) -> None:
    hook.statuses = [410]
    done = delivery(telling, submitted(telling, hook.url, ROWS))
    assert (done["status"], done["attempts"]) == ("failed", 1)
    assert len(hook.seen) == 1


def test_a_job_that_fails_tells_so_once(telling: LocalStack, hook: Hook) -> None:
    job_id = submitted(telling, hook.url, {"data": "invalid"}, maxAttempts=2)
    assert delivery(telling, job_id)["status"] == "completed"
    [told] = hook.seen
    assert event(told)["type"] == "job.failed"
    data = event(told)["data"]
    assert (data["id"], data["status"], data["attempts"]) == (job_id, "failed", 2)
    assert "non-empty list" in data["error"]


def test_addresses_inside_are_not_called(telling: LocalStack) -> None:
    with listening("127.0.0.1") as inside:
        port = inside.url.partition("//127.0.0.1:")[2]
        urls = (
            inside.url,
            f"http://localhost:{port}",
            f"http://[::1]:{port}",
            f"http://[::ffff:127.0.0.1]:{port}",
            f"http://2130706433:{port}",
            "http://169.254.169.254/latest/meta-data/",
        )
        ids = [submitted(telling, url, ROWS) for url in urls]
        for url, job_id in zip(urls, ids, strict=True):
            done = delivery(telling, job_id)
            assert (done["status"], done["attempts"]) == ("failed", 1), url
            assert "is not on the public internet" in done["error"]
            assert telling.api.job(job_id)["status"] == "completed"
        assert inside.seen == []
