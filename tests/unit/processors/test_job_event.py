"""How the end of a job is told on the bus, and what is said where the bus does not take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from fakes.bus import FakeBus
from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.adapters.aws_config import MAX_CALL_SECONDS
from jobs.adapters.event_bridge import EventBridge, connect
from jobs.adapters.postgres.statements import statement
from jobs.core.errors import AttemptFailed, PermanentFailure
from jobs.core.job_type import JobContext
from jobs.processors.internal.job_event import MAX_SECONDS, process
from stack.ports import free_port
from support.claims import a_claim

if TYPE_CHECKING:
    from jobs.core.job import Result
    from jobs.core.ports.bus import Bus

TELLER = uuid4()
JOB: dict[str, Any] = {"id": "1", "type": "CSV_EXPORT", "status": "completed", "tags": []}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def tell(bus: Bus | None, **changes: object) -> Result:
    context = JobContext(FakeObjects(), FakeMailer(), bus=bus)
    return process(a_claim("EVENT", {"job": JOB | changes}, TELLER), context)


def refusal(bus: Bus | None) -> str:
    with pytest.raises(AttemptFailed) as failed:
        tell(bus)
    assert not isinstance(failed.value, PermanentFailure)
    return str(failed.value)


@pytest.mark.parametrize("query", ["settle_attempts", "cancel_job"])
def test_without_a_bus_the_database_is_asked_for_nothing_more(query: str) -> None:
    assert "EVENT" in statement(query, events=True)
    assert "EVENT" not in statement(query)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("completed", "JobCompleted"), ("failed", "JobFailed"), ("cancelled", "JobCancelled")],
)
def test_what_is_told_is_the_job_under_an_id_that_stays_the_same(status: str, kind: str) -> None:
    bus = FakeBus()
    assert tell(bus, status=status)["id"] != tell(bus, status=status)["id"]
    assert bus.events == [(kind, {"eventId": str(TELLER), **JOB, "status": status})] * 2


def test_without_a_bus_it_says_so() -> None:
    assert refusal(None) == "events are not configured: EVENT_BUS is not set"


def test_a_bus_that_is_not_there_is_named() -> None:
    with mock_aws():
        said = refusal(EventBridge(connect(), "nowhere"))
    assert "the bus 'nowhere': ResourceNotFoundException: " in said


def test_what_the_bus_refuses_is_tried_again() -> None:
    client = connect()
    with Stubber(client) as stubber:
        entry = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
        stubber.add_response("put_events", {"FailedEntryCount": 1, "Entries": [entry]})
        stubber.add_client_error("put_events", "AccessDeniedException", "not you", 400)
        said = [refusal(EventBridge(client, "jobs")) for _ in range(2)]
    assert [each.partition("'jobs': ")[2] for each in said] == [
        "ThrottlingException: slow down",
        "AccessDeniedException: not you",
    ]


def test_where_nobody_answers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    assert "EndpointConnectionError" in refusal(EventBridge(connect(), "jobs"))


def test_a_call_ends_within_the_time_of_its_attempt() -> None:
    config: Any = connect().meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert 2 * (config.connect_timeout + config.read_timeout) < MAX_CALL_SECONDS < MAX_SECONDS
