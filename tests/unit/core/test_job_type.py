"""When the payload of a job is checked against the type that its job type declares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.best_effort import BestEffortQueue
from jobs.core.errors import InvalidJob
from jobs.core.job_type import JobContext, JobType, PayloadCheck, payload_check
from jobs.core.retry import Outcome, Retry, Succeeded
from jobs.core.submit import Publisher, Submit
from jobs.core.worker.executor import execute
from jobs.processors import ALL_TYPES
from jobs.processors._payload import Keywords
from support.claims import a_claim
from support.gateway import post
from support.recording import RecordingLog

if TYPE_CHECKING:
    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from support.world import World


class Size(TypedDict):
    width: Annotated[int, Keywords(minimum=1, maximum=100)]


class ThumbnailPayload(TypedDict):
    """An image, and the sizes it is wanted in."""

    url: str
    sizes: NotRequired[Annotated[list[Size], Keywords(minItems=1)]]


def process(claim: Claim[ThumbnailPayload], context: JobContext) -> Result:
    del context
    return {"url": claim.payload["url"]}


UNCHECKED = JobType("THUMBNAIL", process, 5.0, payload=ThumbnailPayload)
ON_SUBMIT = replace(UNCHECKED, check=PayloadCheck.ON_SUBMIT)
ON_RUN = replace(UNCHECKED, check=PayloadCheck.ON_RUN)

RIGHT: dict[str, Any] = {"url": "https://example.com", "sizes": [{"width": 1}], "more": {}}
WRONG: dict[str, Any] = {"sizes": [{"width": 1}, {"width": 101}, {}]}
WANTED = {
    "/payload/url": "is missing",
    "/payload/sizes/1/width": "must be a whole number from 1 to 100, not 101",
    "/payload/sizes/2/width": "is missing",
}


def submit(world: World, job_type: JobType) -> Submit:
    publisher = Publisher(BestEffortQueue(world.queue, world.log), world.waker)
    return Submit(store=world.store, publisher=publisher, types={"THUMBNAIL": job_type})


def run(job_type: JobType, payload: dict[str, Any]) -> Outcome:
    context = JobContext(FakeObjects(), FakeMailer())
    claim = a_claim("THUMBNAIL", payload)
    return execute(claim, {"THUMBNAIL": job_type}, context, RecordingLog())


def test_a_wrong_payload_is_refused_on_submit_with_pointers_below_it(world: World) -> None:
    accept = submit(world, ON_SUBMIT)
    with pytest.raises(InvalidJob) as one:
        accept({"type": "THUMBNAIL", "payload": WRONG})
    assert {each.pointer: each.detail for each in one.value.problems} == WANTED
    right = {"type": "THUMBNAIL", "payload": RIGHT}
    with pytest.raises(InvalidJob) as many:
        accept.many({"jobs": [right, {"type": "THUMBNAIL", "payload": WRONG}]})
    assert [each.pointer for each in many.value.problems] == [f"/jobs/1{each}" for each in WANTED]
    assert world.store.rows == {}


def test_a_right_payload_is_stored_as_it_is(world: World) -> None:
    accepted = submit(world, ON_SUBMIT)({"type": "THUMBNAIL", "payload": RIGHT})
    assert world.store.rows[accepted.job.id].job.payload == RIGHT


@pytest.mark.parametrize("job_type", [UNCHECKED, ON_RUN], ids=["unchecked", "on run"])
def test_other_types_take_any_payload_on_submit(world: World, job_type: JobType) -> None:
    accepted = submit(world, job_type)({"type": "THUMBNAIL", "payload": WRONG})
    assert world.store.rows[accepted.job.id].job.payload == WRONG


def test_a_wrong_payload_fails_its_attempt_on_run_with_the_first_pointer() -> None:
    assert run(ON_RUN, WRONG) == Retry("/payload/url is missing")
    assert run(ON_RUN, {"url": "u", "sizes": []}) == Retry(
        "/payload/sizes must be a list of at least 1 objects, not a list"
    )
    assert run(ON_RUN, RIGHT) == Succeeded({"url": RIGHT["url"]})


@pytest.mark.parametrize("job_type", [UNCHECKED, ON_SUBMIT], ids=["unchecked", "on submit"])
def test_other_types_leave_the_payload_to_the_processor_on_run(job_type: JobType) -> None:
    assert run(job_type, WRONG) == Retry("KeyError: 'url'")


def test_a_check_without_a_declared_payload_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="no JSON Schema for None"):
        payload_check(replace(ON_RUN, payload=None))


@pytest.mark.parametrize("payload", [{}, {"data": "invalid"}, {"to": 7}])
@pytest.mark.parametrize("name", ["CSV_EXPORT", "EMAIL_SEND"])
def test_the_types_of_the_contract_take_every_payload_and_their_attempts_judge_it(
    world: World, name: str, payload: dict[str, Any]
) -> None:
    assert ALL_TYPES[name].check is None
    assert submit_contract(world, {"type": name, "payload": payload}) == payload
    assert post({"type": name, "payload": payload}).status == 201
    context = JobContext(FakeObjects(), FakeMailer())
    outcome = execute(a_claim(name, payload), ALL_TYPES, context, RecordingLog())
    assert isinstance(outcome, Retry)
    assert outcome.error.startswith("payload")


def submit_contract(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """The payload as it is stored by an API with the job types of the contract."""
    publisher = Publisher(BestEffortQueue(world.queue, world.log), world.waker)
    accept = Submit(store=world.store, publisher=publisher, types=ALL_TYPES)
    return world.store.rows[accept(body).job.id].job.payload
