"""What every `Bus` does: the fake, and EventBridge as moto has it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import boto3
import pytest
from moto import mock_aws

from fakes.bus import FakeBus
from jobs.adapters.event_bridge import EventBridge, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.ports.bus import Bus

NAME = "jobs"
DETAIL = {"eventId": "1:failed", "tags": ["ü"], "error": '"\U0001f600"'}

Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Line:
    """A bus, and what came out of it, in order."""

    bus: Bus
    heard: Callable[[], list[Event]]


@pytest.fixture
def fake() -> Line:
    bus = FakeBus()
    return Line(bus, lambda: bus.events)


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        events, sqs = boto3.client("events"), boto3.client("sqs")
        url = sqs.create_queue(QueueName="heard")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        events.create_event_bus(Name=NAME)
        pattern = json.dumps({"source": ["sluice"]})
        events.put_rule(Name="all", EventBusName=NAME, EventPattern=pattern)
        arn = found["Attributes"]["QueueArn"]
        events.put_targets(Rule="all", EventBusName=NAME, Targets=[{"Id": "heard", "Arn": arn}])

        def heard() -> list[Event]:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
            bodies = [json.loads(each["Body"]) for each in messages]
            return [(each["detail-type"], each["detail"]) for each in bodies]

        yield Line(EventBridge(connect(), NAME), heard)


@pytest.fixture(params=["fake", "moto"])
def line(request: pytest.FixtureRequest) -> Line:
    found: Line = request.getfixturevalue(request.param)
    return found


def test_an_event_arrives_as_it_was_put(line: Line) -> None:
    first = line.bus.put("JobFailed", DETAIL)
    second = line.bus.put("JobCompleted", {})
    assert line.heard() == [("JobFailed", DETAIL), ("JobCompleted", {})]
    assert UUID(first) != UUID(second)


@pytest.mark.parametrize("character", ["x", "ü", "\x01", "\U0001f600"])
def test_an_error_that_is_too_long_for_the_bus_is_cut(line: Line, character: str) -> None:
    line.bus.put("JobFailed", DETAIL | {"error": character * 262_144})
    [(kind, detail)] = line.heard()
    assert kind == "JobFailed"
    assert detail | {"error": ""} == DETAIL | {"error": ""}
    assert set(detail["error"]) == {character, "…"}
    assert len(json.dumps(detail, ensure_ascii=False).encode()) < 256 * 1024
