"""A parameter that an address does not know is refused, wherever it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from api.app import app
from api.authorization import OPEN
from api.query import PARAMETERS
from jobs.core.job import Status
from support.gateway import event, get, post, send

if TYPE_CHECKING:
    from support.world import World

ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods]
EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}


def test_the_parameters_are_those_of_routes_that_there_are() -> None:
    assert PARAMETERS.keys() <= {*ROUTES}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("path", sorted(OPEN))
def test_what_monitors_and_links_append_is_not_minded(path: str) -> None:
    assert send(event("GET", path, query={"utm_source": ["mail"]})).status == 200


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path in ROUTES if path not in OPEN],
    ids=lambda value: value,
)
def test_an_unknown_parameter_is_named_and_so_are_those_there_are(method: str, path: str) -> None:
    answer = send(event(method, path, query={"stauts": ["failed"]}, id=str(uuid4()), name="high"))
    assert (answer.status, answer.json["type"]) == (400, "urn:problem-type:sluice:invalid-query")
    there = ", ".join(PARAMETERS.get((method, path), ())) or "none"
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
