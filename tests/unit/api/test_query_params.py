"""A query parameter that a route does not have is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from api.app import app
from jobs.core.job import Status
from support.gateway import event, get, post, send

if TYPE_CHECKING:
    from support.world import World

OPEN = [path for (_, path), route in app.declared.items() if not route.scope]
EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("path", OPEN)
def test_what_monitors_and_links_append_is_not_minded(path: str) -> None:
    assert send(event("GET", path, query={"utm_source": ["mail"]})).status == 200


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("method", "path"),
    [route for route in app.declared if route[1] not in OPEN],
    ids=lambda value: value,
)
def test_an_unknown_parameter_is_named_and_so_are_those_there_are(method: str, path: str) -> None:
    answer = send(event(method, path, query={"stauts": ["failed"]}, id=str(uuid4()), name="high"))
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-query")
    there = ", ".join(app.declared[method, path].query) or "none"
    assert answer.json["detail"] == f"'stauts' is unknown: there is {there}"


def test_a_request_with_an_unknown_parameter_does_nothing(world: World) -> None:
    job_id = post(EXPORT).json["jobId"]
    for method, path in (("DELETE", "/jobs/{id}"), ("POST", "/jobs")):
        assert send(event(method, path, query={"x": ["1"]}, id=job_id)).status == 400
    assert [*world.store.rows] == [UUID(job_id)]
    assert get(job_id).json["status"] == Status.PENDING


@pytest.mark.usefixtures("world")
def test_head_is_asked_as_get_is() -> None:
    assert send(event("HEAD", "/jobs", query={"limit": ["1"]})).status == 200
    answer = send(event("HEAD", "/jobs", query={"limits": ["1"]}))
    assert (answer.status, answer.text) == (400, "")


@pytest.mark.usefixtures("world")
def test_a_preflight_has_the_query_of_the_request_it_asks_for() -> None:
    assert send(event("OPTIONS", "/jobs", query={"x": ["1"]})).status == 204
