"""The template, the OpenAPI document and the app name the same routes, to the letter."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from api.app import app
from support.template import OPENAPI, Route, resource

ANY = "ANY"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def routed() -> dict[Route, dict[str, Any]]:
    events = resource("ApiFunction")["Events"].values()
    return {
        (each["Properties"]["Method"], each["Properties"]["Path"]): each["Properties"]
        for each in events
        if each["Type"] == "Api"
    }


def explicit() -> set[Route]:
    return {route for route in routed() if route[0] != ANY}


def documented() -> set[Route]:
    paths = yaml.safe_load(OPENAPI.read_text())["paths"]
    return {
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations.keys() & METHODS
    }


def served() -> set[Route]:
    return {(method, path) for path, methods in app.routes.items() for method in methods}


def test_what_the_gateway_routes_the_app_serves() -> None:
    assert explicit() == served()


def test_every_other_method_of_an_address_is_the_apps_to_answer() -> None:
    others = {path for method, path in routed() if method == ANY}

    assert others == {path for _, path in explicit()}


def test_what_the_app_serves_is_documented() -> None:
    assert served() == documented()


@pytest.mark.parametrize("route", routed(), ids=" ".join)
def test_no_route_is_a_catch_all(route: Route) -> None:
    method, path = route

    assert method == ANY or method.lower() in METHODS
    assert "+" not in path
    assert routed()[route]["RestApiId"] == {"Ref": "Api"}
