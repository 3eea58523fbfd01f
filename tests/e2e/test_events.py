"""A stack that is deployed with an event bus sends an event for each job that ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from stack.waiting import wait_until
from stack.web import call
from support.local_stack import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.local_stack import LocalStack

SECONDS = 60
BUS = OPTIONS["EVENT_BUS"]

Event = dict[str, Any]
Hear = Callable[[str], Event]


@pytest.fixture(scope="module")
def hear(full_stack: LocalStack) -> Iterator[Hear]:
    """Waits for the event of a job, and returns it."""
    events, sqs = full_stack.aws("events"), full_stack.aws("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = json.dumps({"source": ["sluice"]})
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
    target = {"Id": "heard", "Arn": found["Attributes"]["QueueArn"]}
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[target])

    def receive(job_id: str) -> Event:
        heard: list[Event] = []

        def there() -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                if event["detail"]["id"] == job_id:
                    heard.append(event)
            return bool(heard)

        wait_until(there, f"the event of {job_id}", seconds=SECONDS)
        return heard[0]

    yield receive
    events.remove_targets(Rule="all", EventBusName=BUS, Ids=["heard"])
    events.delete_rule(Name="all", EventBusName=BUS)
    sqs.delete_queue(QueueUrl=url)


def tellers(stack: LocalStack, job_id: str) -> list[dict[str, Any]]:
    """The jobs that tell the end of `job_id`."""
    made = "SELECT id FROM jobs WHERE type = 'EVENT' AND payload -> 'job' ->> 'id' = %s"
    return stack.rows(made, job_id)


def test_each_end_of_a_job_is_told_on_the_bus(full_stack: LocalStack, hear: Hear) -> None:
    done = full_stack.api.submit("CSV_EXPORT", {"data": [{"name": "secret"}]}, "high")
    ended = full_stack.api.finished(done, seconds=SECONDS)
    event = hear(done)
    assert (event["source"], event["detail-type"]) == ("sluice", "JobCompleted")
    [teller] = tellers(full_stack, done)
    assert event["detail"] == {
        "eventId": str(teller["id"]),
        "id": done,
        "type": "CSV_EXPORT",
        "priority": "high",
        "status": "completed",
        "attempts": 1,
        "createdAt": ended["createdAt"],
        "updatedAt": ended["updatedAt"],
        "tags": [],
    }


def test_a_failure_is_told_with_its_error(full_stack: LocalStack, hear: Hear) -> None:
    wish = {"type": "CSV_EXPORT", "payload": {"data": "invalid"}, "maxAttempts": 1}
    status, accepted = call(
        f"{full_stack.url}/jobs", wish | {"tags": ["a", "b"]}, key=full_stack.key
    )
    assert status == 201
    failed = full_stack.api.finished(accepted["jobId"], seconds=SECONDS)
    event = hear(failed["id"])
    assert event["detail-type"] == "JobFailed"
    assert (event["detail"]["error"], event["detail"]["tags"]) == (failed["error"], ["a", "b"])


def test_a_cancel_is_told(full_stack: LocalStack, hear: Hear) -> None:
    wish = {"type": "CSV_EXPORT", "payload": {}, "delaySeconds": 3600}
    job_id = call(f"{full_stack.url}/jobs", wish, key=full_stack.key)[1]["jobId"]
    assert call(f"{full_stack.url}/jobs/{job_id}", method="DELETE", key=full_stack.key)[0] == 200
    event = hear(job_id)
    assert (event["detail-type"], event["detail"]["attempts"]) == ("JobCancelled", 0)
