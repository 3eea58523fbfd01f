"""Admin actions: which events ask for one, and what each answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.api_keys import FakeKeys
from jobs import bootstrap
from poller import admin, handler
from support import gateway

CREATE = {"action": "create-key", "owner": "ann", "scopes": ["read"]}


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> FakeKeys:
    keys = FakeKeys()
    monkeypatch.setattr(bootstrap, "api_keys", lambda: keys)
    return keys


def asked(action: object) -> dict[str, Any]:
    """What the function answers to an admin who asks for `action`."""
    answer = handler.handler({"admin": action}, None)
    json.dumps(answer)
    return answer


def test_a_key_is_made_listed_and_revoked(keys: FakeKeys) -> None:
    text = asked(CREATE)["output"]
    key_id, secret = text.split("_", 2)[1:]
    assert [key.id for key in keys.all()] == [key_id]
    head, line = asked({"action": "list-keys"})["output"].splitlines()
    assert head.split() == ["id", "owner", "scopes", "created", "revoked"]
    assert line.split()[:3] == [key_id, "ann", "read"]
    assert secret not in line
    assert asked({"action": "revoke-key", "id": key_id}) == {"output": f"{key_id} is revoked"}
    found, _ = keys.find(key_id, None)
    assert found is not None
    assert found.revoked_at


def test_the_list_can_be_read_whatever_owners_are_called(keys: FakeKeys) -> None:
    asked(CREATE | {"owner": "o" * 63, "scopes": ["submit", "read", "admin"]})
    assert len(keys.all()) == 1
    head, line = asked({"action": "list-keys"})["output"].splitlines()
    assert line.split()[1:3] == ["o" * 63, "admin,read,submit"]
    assert head.index("scopes") == line.index("admin")


def test_the_text_of_a_key_reaches_no_log(
    keys: FakeKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    text = asked(CREATE)["output"]
    logged = capsys.readouterr()
    assert keys.all()[0].id in logged.out
    assert text.split("_", 2)[2] not in logged.out + logged.err


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("create-key", "the action must be one of check, create-key, list-keys, revoke-key"),
        ({"action": "drop"}, "one of check, create-key, list-keys, revoke-key, not 'drop'"),
        ({"action": ["check"]}, "the action must be one of"),
        ({}, "not None"),
        ({"action": "create-key"}, "create-key takes owner, scopes, not nothing"),
        (CREATE | {"text": "x"}, "create-key takes owner, scopes, not owner, scopes, text"),
        ({"action": "list-keys", "id": 1}, "list-keys takes nothing, not id"),
        (CREATE | {"owner": "No Name"}, "the owner must be 1 to 63 of"),
        (CREATE | {"owner": 7}, "the owner must be 1 to 63 of"),
        (CREATE | {"scopes": ["all"]}, "the scopes must be a list of submit, read, admin"),
        (CREATE | {"scopes": []}, "the scopes must be a list of"),
        (CREATE | {"scopes": "read"}, "the scopes must be a list of"),
        (CREATE | {"scopes": [["read"]]}, "the scopes must be a list of"),
        ({"action": "revoke-key", "id": "nothing"}, "there is no key 'nothing'"),
    ],
)
def test_what_is_wrong_with_an_action_is_said(keys: FakeKeys, action: object, said: str) -> None:
    [(name, error)] = asked(action).items()
    assert name == "error"
    assert said in error
    assert keys.all() == []


def test_a_database_that_is_not_named_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert asked({"action": "list-keys"}) == {"error": "DATABASE_URL is not set"}


def test_a_database_that_does_not_answer_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@127.0.0.1:1/jobs_db")
    error = asked({"action": "list-keys"})["error"]
    assert "Connection refused" in error
    assert "password" not in error


ACTION = {"admin": CREATE}


def failure_of(event: object) -> dict[str, Any]:
    """The notice of an invocation with `event` that failed."""
    record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    return {"Records": [{"Sns": {"Message": json.dumps(record)}}]}


@pytest.mark.parametrize(
    "event",
    [
        gateway.event("POST", "/jobs", body=json.dumps(ACTION)),
        gateway.event("GET", "/jobs", headers={"admin": json.dumps(CREATE)}),
        gateway.event("GET", "/jobs", query={"admin": [json.dumps(CREATE)]}),
        gateway.event("GET", "/jobs/{id}", id=json.dumps(ACTION)),
        gateway.event("GET", "/jobs") | ACTION,
        failure_of(ACTION),
        {"schedule": "rate(1 minute)"} | ACTION,
        {"wake": ACTION},
        [ACTION],
        "admin",
        None,
    ],
)
def test_no_event_of_a_service_is_an_action(event: object) -> None:
    assert not admin.is_action(event)


@given(
    st.dictionaries(st.sampled_from(["admin", "x-admin", "body"]), st.text(), max_size=3),
    st.one_of(st.text(), st.just(json.dumps(ACTION)), st.binary()),
)
def test_whatever_a_client_sends_is_never_all_of_an_event(
    sent: dict[str, str], body: str | bytes
) -> None:
    query = {name: [value] for name, value in sent.items()}
    event = gateway.event("POST", "/jobs", body=body, headers=sent, query=query)
    assert not admin.is_action(event)
    assert len(event) > 5
