"""An option comes out as it went in: by every way in, by every way out, of every store."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from api.responses import JOB_SCHEMAS
from fakes.clock import FakeClock
from fakes.links import FakeLinks
from fakes.queue import FakeQueue
from fakes.waker import FakeWaker
from jobs import bootstrap
from jobs.core.best_effort import BestEffortQueue
from jobs.core.control import Control
from jobs.core.job import JSON_NAMES, Job, JobOptions
from jobs.core.job_request import OPTIONS
from jobs.core.list_jobs import MAX_PAGE_JOBS, ListJobs
from jobs.core.ports.store import Filters
from jobs.core.read import Read
from jobs.core.submit import Publisher, Submit
from support.gateway import Answer, event, get, post, send
from support.openapi import errors
from support.options import values_of
from support.world import TYPES, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.rows import Rows

Body = dict[str, Any]

KEPT = {each.name: each.default for each in fields(JobOptions)}
"""What a row keeps of a request, with the value of a request that does not name it."""

HIDDEN = {"backoff", "timeout", "callback_url", "unique_key"}
"""What a row keeps and the JSON of a job does not show."""

MOMENTS = {"run_at", "delay", "unique_for"}
"""Options that say when: a row keeps the moments that they lead to."""

TYPE = "CSV_EXPORT"
LIMITS: Mapping[str, Mapping[str, Any]] = {"timeoutSeconds": {"maximum": TYPES[TYPE].max_seconds}}
VALUES = {
    each.name: values_of({**each.schema, **LIMITS.get(each.name, {})}) for each in OPTIONS.values()
}
MINIMAL: Body = {"type": TYPE, "payload": {}}
LEFT_OUT = [
    # Not both may stand in one request.
    {moment, *key}
    for moment in ("runAt", "delaySeconds")
    # A job with a key is stored by another statement.
    for key in ((), ("uniqueKey", "uniqueFor"))
]
BODIES = st.builds(
    lambda options, left_out: (
        MINIMAL | {name: value for name, value in options.items() if name not in left_out}
    ),
    st.fixed_dictionaries(VALUES),
    st.sampled_from(LEFT_OUT),
)


def single(body: Body) -> UUID:
    return UUID(answered(post(body))["jobId"])


def keyed(body: Body) -> UUID:
    return UUID(answered(post(body, more={"Idempotency-Key": str(uuid4())}))["jobId"])


def in_batch(body: Body) -> UUID:
    batch = {"jobs": [MINIMAL, body]}
    return UUID(answered(post(batch, resource="/jobs/batch"))["jobs"][1]["jobId"])


def answered(answer: Answer) -> Any:
    assert answer.status in (200, 201), answer.text
    return answer.json


@pytest.fixture
def served(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """The store, with the API before it."""
    store, world = rows.store, World()
    queue = BestEffortQueue(FakeQueue(FakeClock()), world.log)
    publisher = Publisher(queue, FakeWaker())
    api = replace(
        world.api(),
        submit=Submit(store=store, publisher=publisher, types=TYPES, callbacks=True),
        read=Read(store=store, queue=queue, links=FakeLinks()),
        list_jobs=ListJobs(store=store, secret=b"secret"),
        control=Control(store=store, queue=queue, publisher=publisher),
    )
    monkeypatch.setattr(bootstrap, "api", lambda: api)
    return rows


@pytest.mark.parametrize("way_in", [single, keyed, in_batch])
@settings(
    max_examples=20,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(body=MINIMAL)
@given(body=BODIES)
def test_an_option_comes_out_as_it_went_in(
    served: Rows, way_in: Callable[[Body], UUID], body: Body
) -> None:
    assert errors(body, "/components/schemas/NewJob") == []
    served.advance(1)  # so that the job is the newest
    job_id = way_in(body)
    try:
        job = served.get(job_id)
        assert {name: plain(getattr(job, name)) for name in KEPT} == asked(body)
        assert listed(served, job_id) == replace(job, history=())
        assert_shown(job_id, body)
        assert_due(job, body)
        assert_key_is_freed(served, job, body)
    finally:
        cancel(job_id)


def asked(body: Body) -> dict[str, Any]:
    """The JSON of what a row is to keep, by its field."""
    found = {}
    for name, default in KEPT.items():
        value = body.get(OPTIONS[name].name, plain(default))
        found[name] = plain(default) | value if isinstance(value, dict) else value
    return found


def plain(value: Any) -> Any:
    """The JSON of an option."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(each) for name, each in asdict(value).items()}
    if isinstance(value, StrEnum):
        return value.value
    return [*value] if isinstance(value, tuple) else value


def listed(rows: Rows, job_id: UUID) -> Job:
    [found] = [job for job in rows.store.page(Filters(), None, 9) if job.id == job_id]
    return found


def assert_shown(job_id: UUID, body: Body) -> None:
    """Check the JSON of the job, alone and in the list."""
    page = send(event("GET", "/jobs", query={"limit": [str(MAX_PAGE_JOBS)]})).json["jobs"]
    [of_list] = [each for each in page if each["id"] == str(job_id)]
    alone = get(job_id).json
    assert errors(alone, "/components/schemas/Job") == []
    assert {member: alone[member] for member in of_list} == of_list
    expected = {OPTIONS[name].name: value for name, value in asked(body).items()}
    for name in KEPT.keys() - HIDDEN:
        assert alone[OPTIONS[name].name] == expected[OPTIONS[name].name]
    whole = get(job_id, include=["payload,options"])
    assert errors(whole.json, "/components/schemas/Job") == []
    assert whole.json["options"].keys() == {OPTIONS[name].name for name in KEPT}
    assert {**expected, **whole.json["options"]} == expected
    assert whole.json["payload"] == body["payload"]


def assert_due(job: Job, body: Body) -> None:
    run_at = datetime.fromisoformat(body["runAt"]) if "runAt" in body else job.created_at
    due_at = max(job.created_at, run_at) + timedelta(seconds=body.get("delaySeconds", 0))
    assert job.due_at is not None
    assert abs(job.due_at - due_at) < timedelta(milliseconds=1)


def assert_key_is_freed(rows: Rows, job: Job, body: Body) -> None:
    """Check that a unique key is free when its time is up, and not before."""
    if "uniqueKey" not in body:
        return
    assert single(body) == job.id or body.get("uniqueFor", 60) < 60
    if "uniqueFor" in body:
        rows.advance(body["uniqueFor"])
        another = single(body)
        cancel(another)
        assert another != job.id


def cancel(job_id: UUID) -> None:
    assert send(event("DELETE", "/jobs/{id}", id=str(job_id))).status == 200


def test_every_field_that_a_row_keeps_can_be_asked_for() -> None:
    assert KEPT.keys() | MOMENTS == OPTIONS.keys()


def test_what_a_row_keeps_is_shown_by_the_name_that_a_request_gives_it() -> None:
    shown = {field: member for member, field in JSON_NAMES.items() if field in KEPT}

    assert shown == {name: OPTIONS[name].name for name in KEPT if name not in HIDDEN}


def test_every_member_of_a_job_has_a_schema() -> None:
    assert JOB_SCHEMAS.keys() == JSON_NAMES.keys()
