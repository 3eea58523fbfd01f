"""Whatever calls the poller is understood, and what is not understood is a plain wake."""

from __future__ import annotations

import json

import pytest

from poller.event import Call, read


def notice(payload: object) -> dict[str, object]:
    """What the failure destination sends about an invocation that was called with `payload`."""
    record = {
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(record)}}]}


@pytest.mark.parametrize(
    ("event", "call"),
    [
        ({"schedule": "rate(1 minute)"}, Call(scheduled=True)),
        ({"wake": {"hop": 0}}, Call()),
        ({"wake": {"hop": 3, "wait_for_leases": True}}, Call(hop=3, wait_for_leases=True)),
        (notice({"schedule": "rate(1 minute)"}), Call(hop=1, died=True)),
        (notice({"wake": {"hop": 4, "wait_for_leases": False}}), Call(hop=5, died=True)),
        (notice(notice({"wake": {"hop": 4}})), Call(hop=6, died=True)),
        (notice("?"), Call(hop=1, died=True)),
        ({"Records": [{"Sns": {"Message": "not JSON"}}]}, Call()),
        ({"wake": {"hop": "many"}}, Call()),
        ({"Records": []}, Call()),
        ({}, Call()),
        (None, Call()),
        ("tick", Call()),
    ],
)
def test_every_event_is_understood(event: object, call: Call) -> None:
    assert read(event) == call
