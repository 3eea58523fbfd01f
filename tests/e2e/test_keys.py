"""API keys on the deployed stack, from `make key` to what their holders may do and see."""

from __future__ import annotations

import http.client
import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from stack.keys import lent
from stack.settings import Settings
from stack.stack import Stack
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.local_stack import LocalStack

SECONDS = 60
KEY = re.compile(r"sluice_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
EXPORT = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}
LATER = {**EXPORT, "delaySeconds": 3600}
NOBODYS = f"sluice_{'0' * 16}_{'0' * 43}"


class Answer(NamedTuple):
    """Names of headers are in lower case; `json` is None where the body is not that."""

    status: int
    headers: Mapping[str, str]
    json: Any


@pytest.fixture(scope="module")
def guarded(full_stack: LocalStack) -> LocalStack:
    """The stack, asking for keys."""
    return full_stack


def asked(
    stack: LocalStack,
    method: str,
    path: str,
    key: str | None = None,
    body: object = None,
    **headers: str,
) -> Answer:
    """What is answered to the holder of `key`; a `_` in the name of a header stands for a `-`."""
    # A gateway takes who says nothing of what he takes for one who takes JSON only.
    sent = {"Accept": "*/*", **{name.replace("_", "-"): text for name, text in headers.items()}}
    if key:
        sent["Authorization"] = f"Bearer {key}"
    if body is not None:
        sent["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection("localhost", int(stack.chosen["API_PORT"]), SECONDS)
    try:
        connection.request(method, path, json.dumps(body) if body else None, sent)
        answer = connection.getresponse()
        got = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read()
        is_json = "json" in got.get("content-type", "")
        return Answer(answer.status, got, json.loads(text) if is_json else None)
    finally:
        connection.close()


def made(stack: LocalStack, owner: str, scopes: str | None = None) -> str:
    """A new key, as it is shown to who makes it."""
    chosen = ["--scopes", scopes] if scopes else []
    text = stack.command("key", "create", owner, *chosen).stdout.strip()
    assert KEY.fullmatch(text)
    return text


def parts(key: str) -> tuple[str, str]:
    """Id and secret."""
    found = KEY.fullmatch(key)
    assert found
    return found[1], found[2]


def test_a_key_is_shown_once(guarded: LocalStack) -> None:
    key_id, secret = parts(made(guarded, "ann", "read"))
    listed = guarded.command("key", "list").stdout
    [line] = [line for line in listed.splitlines() if line.startswith(key_id)]
    assert line.split()[1:3] == ["ann", "read"]
    assert secret not in listed


def test_a_key_works_until_it_is_revoked(guarded: LocalStack) -> None:
    key, other = made(guarded, "ann"), made(guarded, "ann")
    key_id, _ = parts(key)
    assert asked(guarded, "GET", "/jobs", key).status == 200
    assert guarded.command("key", "revoke", key_id).stdout.strip() == f"{key_id} is revoked"
    refused = asked(guarded, "GET", "/jobs", key)
    assert (refused.status, refused.json["type"]) == (401, "urn:problem-type:sluice:key-refused")
    assert asked(guarded, "GET", "/jobs", other).status == 200
    [line] = re.findall(rf"^{key_id} .*$", guarded.command("key", "list").stdout, re.MULTILINE)
    assert len(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line)) == 2
    unknown = guarded.command("key", "revoke", "nothing", check=False)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "there is no key 'nothing'" in unknown.stderr


@pytest.mark.parametrize("wrong", ["none", "nonsense", "nobody's", "another secret", "cut off"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("POST", "/jobs/batch"),
        ("GET", "/jobs"),
        ("GET", f"/jobs/{UUID(int=0)}"),
        ("DELETE", f"/jobs/{UUID(int=0)}"),
        ("POST", "/jobs/retry"),
        ("GET", "/stats"),
    ],
)
def test_without_a_valid_key_all_that_is_told_is_that_one_is_needed(
    guarded: LocalStack, holder: str, method: str, path: str, wrong: str
) -> None:
    sent = {
        "none": None,
        "nonsense": "nonsense",
        "nobody's": NOBODYS,
        "another secret": f"sluice_{parts(holder)[0]}_{'0' * 43}",
        "cut off": holder[:-1],
    }[wrong]
    jobs = "SELECT count(*) FROM jobs WHERE type NOT IN ('CALLBACK', 'EVENT')"
    before = guarded.rows(jobs)
    body = {"POST": {"nonsense": "nonsense"}}.get(method)
    refused = asked(guarded, method, path, sent, body)
    assert (refused.status, refused.json["status"]) == (401, 401)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"] == 'Bearer realm="sluice"'
    assert refused.json["type"] == "urn:problem-type:sluice:key-refused"
    assert guarded.rows(jobs) == before


@pytest.fixture(scope="module")
def holder(guarded: LocalStack) -> str:
    """A key that may do everything."""
    return made(guarded, "root", "admin")


def test_a_key_may_come_in_a_header_of_its_own(guarded: LocalStack, holder: str) -> None:
    assert asked(guarded, "GET", "/jobs", X_Api_Key=holder).status == 200
    assert asked(guarded, "GET", "/jobs", X_Api_Key=NOBODYS).status == 401


@pytest.mark.parametrize("path", ["/health", "/health/live", "/openapi.json", "/docs"])
def test_what_is_open_stays_open(guarded: LocalStack, path: str) -> None:
    assert asked(guarded, "GET", path).status == 200
    assert asked(guarded, "GET", path, NOBODYS).status == 200


def test_a_key_does_what_it_is_for(guarded: LocalStack) -> None:
    keys = {scope: made(guarded, "cy", scope) for scope in ("submit", "read", "admin")}
    job_id = asked(guarded, "POST", "/jobs", keys["submit"], LATER).json["jobId"]
    needed = {
        ("POST", "/jobs"): "submit",
        ("POST", "/jobs/batch"): "submit",
        ("POST", f"/jobs/{job_id}/run"): "submit",
        ("POST", f"/jobs/{job_id}/retry"): "submit",
        ("GET", "/jobs"): "read",
        ("GET", f"/jobs/{job_id}"): "read",
        ("GET", f"/jobs/{job_id}/result"): "read",
        ("GET", f"/jobs/{job_id}/events?wait=0"): "read",
        ("GET", "/stats"): "admin",
        ("POST", "/jobs/retry?type=NONE"): "admin",
        ("DELETE", f"/jobs/{job_id}"): "submit",
    }
    for (method, path), scope in needed.items():
        for has, key in keys.items():
            answer = asked(guarded, method, path, key, LATER if method == "POST" else None)
            if has in (scope, "admin"):
                assert answer.status in (200, 201, 400, 409), (has, method, path)
            else:
                assert answer.status == 403, (has, method, path)
                assert answer.json["type"] == "urn:problem-type:sluice:scope-missing"
                assert answer.json["detail"] == f"this key is for {has}, and {scope} is needed"


def test_an_owner_sees_its_own_jobs_only(guarded: LocalStack, holder: str) -> None:
    ann, bob = (f"{name}-{uuid4().hex[:8]}" for name in ("ann", "bob"))
    key, renewed, others = made(guarded, ann), made(guarded, ann), made(guarded, bob)
    job_id = asked(guarded, "POST", "/jobs", key, LATER).json["jobId"]
    foreign = asked(guarded, "POST", "/jobs", others, LATER).json["jobId"]

    def listed(held: str) -> list[str]:
        return [job["id"] for job in asked(guarded, "GET", "/jobs?limit=200", held).json["jobs"]]

    assert [listed(key), listed(renewed), listed(others)] == [[job_id], [job_id], [foreign]]
    assert {job_id, foreign} <= {*listed(holder)}
    for method, path in (
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/events?wait=0"),
        ("POST", "/retry"),
        ("DELETE", ""),
    ):
        refused = asked(guarded, method, f"/jobs/{job_id}{path}", others)
        unknown = asked(guarded, method, f"/jobs/{uuid4()}{path}", others)
        assert (refused.status, refused.json) == (404, unknown.json), path
    for held in (key, renewed, holder):
        assert asked(guarded, "GET", f"/jobs/{job_id}", held).json["status"] == "pending"
    assert asked(guarded, "DELETE", f"/jobs/{job_id}", renewed).json["status"] == "cancelled"


def test_a_cursor_is_of_use_to_its_owner_only(guarded: LocalStack) -> None:
    key, others = (made(guarded, f"{name}-{uuid4().hex[:8]}") for name in ("ann", "bob"))
    ids = [asked(guarded, "POST", "/jobs", key, LATER).json["jobId"] for _ in range(2)]
    first = asked(guarded, "GET", "/jobs?limit=1", key).json
    rest = f"/jobs?limit=1&cursor={first['next']}"
    assert [job["id"] for job in asked(guarded, "GET", rest, key).json["jobs"]] == ids[:1]
    assert asked(guarded, "GET", rest, others).status == 400


def test_idempotency_keys_of_two_owners_have_nothing_to_do_with_each_other(
    guarded: LocalStack,
) -> None:
    name = str(uuid4())
    keys = [made(guarded, owner) for owner in ("ann", "bob")]
    sent = [
        asked(guarded, "POST", "/jobs", key, EXPORT, Idempotency_Key=name) for key in (*keys, *keys)
    ]
    ids = [answer.json["jobId"] for answer in sent]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    assert ["idempotent-replayed" in answer.headers for answer in sent] == [False] * 2 + [True] * 2


def test_the_demonstration_makes_itself_a_key_and_revokes_it(guarded: LocalStack) -> None:
    said = guarded.command("demo").stdout
    assert "try it yourself" in said
    keys = guarded.rows("SELECT scopes, revoked_at FROM api_keys WHERE owner = 'demo'")
    assert [key["revoked_at"] is None for key in keys] == [False]
    assert "sluice_" not in said


def test_a_key_that_is_lent_is_worthless_whatever_happened(guarded: LocalStack) -> None:
    owner = f"ann-{uuid4().hex[:8]}"
    stack = Stack(Settings.read(guarded.chosen))
    with pytest.raises(KeyboardInterrupt), lent(stack, owner, "read") as key:  # noqa: PT012
        assert asked(guarded, "GET", "/jobs", key).status == 200
        raise KeyboardInterrupt
    assert asked(guarded, "GET", "/jobs", key).status == 401


def test_a_key_is_in_no_table_and_in_no_log(guarded: LocalStack) -> None:
    since, key = time.time(), made(guarded, "dot")
    key_id, secret = parts(key)
    job_id = asked(guarded, "POST", "/jobs", key, EXPORT).json["jobId"]
    wrong = f"sluice_{key_id}_{secret[::-1]}"
    assert asked(guarded, "GET", f"/jobs/{job_id}", wrong).status == 401
    asked(guarded, "GET", "/jobs", X_Api_Key=wrong)

    def done() -> bool:
        job = asked(guarded, "GET", f"/jobs/{job_id}", key).json
        return bool(job["status"] == "completed")

    wait_until(done, job_id, seconds=SECONDS)
    guarded.command("key", "revoke", key_id)
    asked(guarded, "GET", f"/jobs/{job_id}", key)

    tables = guarded.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    names = {each["tablename"] for each in tables}
    assert {"api_keys", "jobs", "job_attempts"} <= names
    kept = {name: str(guarded.rows(f"SELECT t::text AS row FROM {name} AS t")) for name in names}
    assert key_id in kept["api_keys"]
    assert [name for name, rows in kept.items() if secret in rows] == []

    lines: dict[str, list[str]] = {}

    def all_logged() -> bool:
        lines.update({name: guarded.logged(name, since) for name in functions(guarded)})
        api, poller = (lines[name] for name in functions(guarded))
        # Posted, read with the wrong key and with the right one, and when that was revoked.
        statuses = [json.loads(line)["status"] for line in api if job_id in line]
        return statuses.count(401) == 2 and any(job_id in line for line in poller)

    wait_until(all_logged, "the logs", seconds=SECONDS)
    for told in lines.values():
        assert [line for line in told if secret in line or secret[::-1] in line] == []
    written = [path for path in guarded.parts.state.glob("*.log") if secret in path.read_text()]
    assert written == [], "nor in a log of the stack"


@pytest.mark.parametrize("where", ["body", "header", "query"])
def test_an_admin_action_does_not_come_by_way_of_the_gateway(
    guarded: LocalStack, holder: str, where: str
) -> None:
    action = json.dumps({"action": "create-key", "owner": "eve", "scopes": ["admin"]})
    before = guarded.command("key", "list").stdout
    body = {"admin": json.loads(action)} if where == "body" else None
    path = f"/jobs?{urlencode({'admin': action})}" if where == "query" else "/jobs"
    headers = {"admin": action} if where == "header" else {}
    asked(guarded, "POST" if body else "GET", path, holder, body, **headers)
    assert guarded.command("key", "list").stdout == before


def test_what_is_wrong_with_a_key_is_said(guarded: LocalStack) -> None:
    refused = guarded.command("key", "create", "No Name", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "key: the owner must be 1 to 63 of" in refused.stderr
    assert guarded.command("key", "create", check=False).returncode == 2


def functions(stack: LocalStack) -> tuple[str, str]:
    return stack.outputs.api_function, stack.outputs.poller_function
