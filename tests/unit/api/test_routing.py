"""The way into the function: routes, answers to events of any kind, and the log of requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from chalice.app import Response

from api.app import app
from api.routing import Api, Route
from jobs.core.job import Priority
from jobs.core.ports.api_keys import Scope
from support.gateway import assert_problem, event, get, post, send

if TYPE_CHECKING:
    from support.world import World

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "priority": "high", "payload": {"data": [{"n": 1}]}}


# Declarations


def view() -> Response:
    return Response({})


def test_a_route_is_for_admins_unless_it_says_otherwise() -> None:
    api = Api("test")
    api.route("GET", "/a")(view)
    api.route("GET", "/b", scope=Scope.READ, query=("x",), produces="text/html")(view)
    api.route("GET", "/c", open=True)(view)

    assert api.declared == {
        ("GET", "/a"): Route(scope=Scope.ADMIN, query=(), produces="application/json"),
        ("GET", "/b"): Route(scope=Scope.READ, query=("x",), produces="text/html"),
        ("GET", "/c"): Route(scope=None, query=(), produces="application/json"),
    }


def test_a_route_is_declared_once() -> None:
    api = Api("test")
    api.route("GET", "/a")(view)

    with pytest.raises(ValueError, match="Duplicate method"):
        api.route("GET", "/a")(view)


# Events that no view is called for


@pytest.mark.parametrize(
    ("method", "resource", "allowed"),
    [
        ("DELETE", "/jobs", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/jobs", "GET, HEAD, OPTIONS, POST"),
        ("PATCH", "/jobs/{id}", "DELETE, GET, HEAD, OPTIONS"),
        ("TRACE", "/health", "GET, HEAD, OPTIONS"),
        ("get", "/health", "GET, HEAD, OPTIONS"),
    ],
)
@pytest.mark.usefixtures("world")
def test_another_method_is_refused_with_those_that_there_are(
    method: str, resource: str, allowed: str
) -> None:
    answer = send(event(method, resource, id="7"))
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("resource", ["/", "/job", "/jobs/", "/{proxy+}", "/jobs/{job_id}", ""])
def test_another_address_is_not_found_and_leaves_no_trace(resource: str) -> None:
    routes = set(app.routes)
    assert_problem(send(event("GET", resource)), 404, "route-not-found")
    assert set(app.routes) == routes


@pytest.mark.parametrize(
    "strange",
    [{}, None, [], "x", {"requestContext": None}, {"requestContext": {"resourcePath": "/health"}}],
    ids=repr,
)
@pytest.mark.usefixtures("world")
def test_an_event_of_another_kind_is_answered_too(strange: object) -> None:
    assert send(strange).status in (404, 405)


def test_an_event_that_lacks_what_chalice_needs_is_answered_with_a_problem(
    world: World,
) -> None:
    whole = event("GET", "/jobs/{id}", id=str(uuid4()))
    for missing in ("pathParameters", "headers", "body"):
        torn = {name: value for name, value in whole.items() if name != missing}
        assert_problem(send(torn), 500, "internal-error")
    assert world.store.rows == {}


@pytest.mark.usefixtures("world")
def test_any_type_of_a_get_is_taken() -> None:
    assert send(event("GET", "/health", headers={"Content-Type": "text/plain"})).status == 200


# The access log


def test_every_request_leaves_one_line_without_payload(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = post(EXPORT | {"payload": {"secret": "hunter2"}}).json["jobId"]
    get(job_id)
    get("two\nlines \ud800")
    post("{")
    send({})
    text = capsys.readouterr().out
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["method"], line["path"], line["status"], line["job_id"]) for line in lines] == [
        ("POST", "/jobs", 201, job_id),
        ("GET", "/jobs/{id}", 200, job_id),
        ("GET", "/jobs/{id}", 404, "two\nlines \ud800"),
        ("POST", "/jobs", 400, None),
        (None, None, 404, None),
    ]
    assert all(line["event"] == "request" and line["duration_ms"] > 0 for line in lines)
    assert all(UUID(line["request_id"]) for line in lines)
    assert "hunter2" not in text
    assert list(world.queue.scores[Priority.HIGH]) == [UUID(job_id)]
