"""Keys from the command that makes them to the rows that their holders see."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING

import pytest

from jobs import bootstrap
from jobs.adapters.redis.keys import POLLS
from poller.handler import handler
from stack.waiting import wait_until
from support.gateway import Answer, event, send

if TYPE_CHECKING:
    from integration.api.conftest import Live

BODY = '{"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}'


@pytest.fixture(autouse=True)
def _required(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    del live
    monkeypatch.setenv("API_KEYS", "required")
    bootstrap.api.cache_clear()


def run(action: str, **members: object) -> str:
    """What the poller function answers to an admin."""
    answer = handler({"admin": {"action": action, **members}}, None)
    return str(answer["output"])


def create(owner: str, *scopes: str) -> str:
    return run("create-key", owner=owner, scopes=[*scopes])


def secret(text: str) -> str:
    """The part of a key that nobody keeps; it may hold underscores itself."""
    return text.split("_", 2)[2]


def sent(method: str, path: str, holder: str | None, job_id: str = "") -> Answer:
    headers = {"Authorization": f"Bearer {holder}"} if holder else {}
    body = BODY if method == "POST" else None
    return send(event(method, path, headers=headers, body=body, id=job_id))


def payload(holder: str, job_id: str) -> object:
    """The payload of a job, as the holder of a key sees it."""
    headers, query = {"X-Api-Key": holder}, {"include": ["payload,options"]}
    return send(event("GET", "/jobs/{id}", headers=headers, query=query, id=job_id)).json.get(
        "payload"
    )


def test_a_key_works_from_its_making_to_its_end(live: Live) -> None:
    ann = create("ann", "submit", "read")
    bob = create("bob", "read", "submit")
    admin = create("root", "admin")
    job_id = sent("POST", "/jobs", ann).json["jobId"]
    assert live.sql("SELECT owner FROM jobs") == [("ann",)]
    seen = [sent("GET", "/jobs/{id}", holder, job_id).status for holder in (ann, bob, admin)]
    assert seen == [200, 404, 200]
    whole = [payload(holder, job_id) for holder in (ann, bob, admin)]
    assert whole == [json.loads(BODY)["payload"], None, json.loads(BODY)["payload"]]
    lists = [sent("GET", "/jobs", holder).json["jobs"] for holder in (ann, bob, admin)]
    assert [[job["id"] for job in jobs] for jobs in lists] == [[job_id], [], [job_id]]
    assert sent("GET", "/jobs", None).status == 401
    assert sent("GET", "/health", None).status == 200

    table = run("list-keys")
    assert [line.split()[1] for line in table.splitlines()[1:]] == ["ann", "bob", "root"]
    assert "read,submit" in table
    for text in (ann, bob, admin):
        assert secret(text) not in table
    kept = str(live.sql("SELECT * FROM api_keys"))
    assert secret(ann) not in kept

    key_id = ann.split("_")[1]
    assert run("revoke-key", id=key_id) == f"{key_id} is revoked"
    assert sent("GET", "/jobs/{id}", ann, job_id).status == 401
    assert re.search(rf"{key_id} .*20\d\d-.*20\d\d-", run("list-keys"))


def test_a_key_that_is_revoked_ends_its_waits(live: Live) -> None:
    ann = create("ann", "submit", "read")
    job_id = sent("POST", "/jobs", ann).json["jobId"]

    def revoke() -> None:
        wait_until(lambda: live.engine.redis.zcard(POLLS) == 1, "a wait", seconds=20)
        live.sql("UPDATE api_keys SET revoked_at = now()")

    revoked = threading.Thread(target=revoke)
    revoked.start()
    headers, query = {"X-Api-Key": ann}, {"wait": ["25"]}
    answer = send(event("GET", "/jobs/{id}/events", headers=headers, query=query, id=job_id))
    revoked.join()
    assert answer.status == 401
    assert live.engine.redis.zcard(POLLS) == 0


def test_the_first_key_can_be_made_in_an_empty_database(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    assert create("ann", "admin").startswith("sluice_")
    assert len(run("list-keys").splitlines()) == 2
