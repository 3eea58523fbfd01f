"""Admin actions: which events ask for one, and what each answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poller import admin, handler
from support import gateway

CHECK = {"action": "check"}


def asked(action: object) -> dict[str, Any]:
    """What the function answers to an admin who asks for `action`."""
    answer = handler.handler({"admin": action}, None)
    json.dumps(answer)
    return answer


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("check", "the action must be one of check, not None"),
        ({"action": "drop"}, "one of check, not 'drop'"),
        ({"action": ["check"]}, "the action must be one of"),
        ({}, "not None"),
        ({"action": "check", "id": 1}, "check takes nothing, not id"),
    ],
)
def test_what_is_wrong_with_an_action_is_said(action: object, said: str) -> None:
    [(name, error)] = asked(action).items()
    assert name == "error"
    assert said in error


ACTION = {"admin": CHECK}


def failure_of(event: object) -> dict[str, Any]:
    """The notice of an invocation with `event` that failed."""
    record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    return {"Records": [{"Sns": {"Message": json.dumps(record)}}]}


@pytest.mark.parametrize(
    "event",
    [
        gateway.event("POST", "/jobs", body=json.dumps(ACTION)),
        gateway.event("GET", "/jobs", headers={"admin": json.dumps(CHECK)}),
        gateway.event("GET", "/jobs", query={"admin": [json.dumps(CHECK)]}),
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
