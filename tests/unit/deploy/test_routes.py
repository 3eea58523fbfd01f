"""The app, the template and the OpenAPI document name the same routes, to the letter, and the
document says of each what the app declares."""

from __future__ import annotations

from typing import Any

import pytest

from api.app import app
from jobs.core.ports.api_keys import Scope
from support.openapi import DOCUMENT
from support.template import Route, resource

ANY = "ANY"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

DOCUMENTED: dict[Route, dict[str, Any]] = {
    (method.upper(), path): operations[method]
    for path, operations in DOCUMENT["paths"].items()
    for method in operations.keys() & METHODS
}


def routed() -> dict[Route, dict[str, Any]]:
    """The routes of the gateway, with their properties."""
    events = resource("ApiFunction")["Events"].values()
    return {
        (each["Properties"]["Method"], each["Properties"]["Path"]): each["Properties"]
        for each in events
        if each["Type"] == "Api"
    }


def explicit() -> set[Route]:
    return {route for route in routed() if route[0] != ANY}


def test_what_the_app_declares_it_serves() -> None:
    served = {(method, path) for path, methods in app.routes.items() for method in methods}

    assert served == app.declared.keys()


def test_what_the_gateway_routes_the_app_serves() -> None:
    assert explicit() == app.declared.keys()


def test_every_other_method_of_an_address_is_the_apps_to_answer() -> None:
    others = {path for method, path in routed() if method == ANY}

    assert others == {path for _, path in explicit()}


def test_what_the_app_serves_is_documented() -> None:
    assert app.declared.keys() == DOCUMENTED.keys()


@pytest.mark.parametrize("route", app.declared, ids=" ".join)
def test_the_document_names_the_scope_of_a_route(route: Route) -> None:
    scope = app.declared[route].scope

    assert DOCUMENTED[route]["security"] == ([{}, {"key": [scope]}] if scope else [])


@pytest.mark.parametrize("route", app.declared, ids=" ".join)
def test_the_document_names_the_query_parameters_of_a_route(route: Route) -> None:
    parameters = DOCUMENTED[route].get("parameters", ())
    named = tuple(each["name"] for each in parameters if each.get("in") == "query")

    assert named == app.declared[route].query


@pytest.mark.parametrize("route", app.declared, ids=" ".join)
def test_the_document_names_the_media_type_of_a_route(route: Route) -> None:
    answers = DOCUMENTED[route]["responses"]
    named = {media for status in answers if status < "300" for media in answers[status]["content"]}

    assert named == {app.declared[route].produces or "application/json"}


def test_routes_without_a_key_are_the_open_ones_and_admins_have_theirs() -> None:
    by_scope = {
        scope: {path for (_, path), route in app.declared.items() if route.scope is scope}
        for scope in (None, Scope.ADMIN)
    }

    assert by_scope == {
        None: {"/health", "/health/live", "/docs", "/openapi.json"},
        Scope.ADMIN: {"/stats", "/jobs/retry", "/queues/{name}/pause", "/queues/{name}/resume"},
    }


@pytest.mark.parametrize("route", routed(), ids=" ".join)
def test_no_route_is_a_catch_all(route: Route) -> None:
    method, path = route

    assert method == ANY or method.lower() in METHODS
    assert "+" not in path
    assert routed()[route]["RestApiId"] == {"Ref": "Api"}
