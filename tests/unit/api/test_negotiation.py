"""Methods, Accept and CORS, as HTTP has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from jobs import bootstrap
from support.gateway import Answer, event, get, health, send

if TYPE_CHECKING:
    from support.world import World

PAGE = "https://example.com"


@pytest.fixture
def shared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API, whose answers pages from `PAGE` may read."""
    api = replace(world.api(), origins=frozenset({PAGE, "http://localhost:8080"}))
    monkeypatch.setattr(bootstrap, "api", lambda: api)


def sent(method: str, resource: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(event(method, resource, headers=named, id=str(uuid4())))


# HEAD


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("resource", ["/health", "/jobs/{id}", "/docs", "/openapi.json"])
def test_head_has_the_status_and_the_headers_of_get_and_no_body(resource: str) -> None:
    whole, head = sent("GET", resource), sent("HEAD", resource)
    assert (head.status, head.headers, head.text) == (whole.status, whole.headers, "")


@pytest.mark.usefixtures("world")
def test_head_is_no_method_of_an_address_without_get() -> None:
    answer = sent("HEAD", "/jobs/batch")
    assert (answer.status, answer.headers["allow"], answer.text) == (405, "OPTIONS, POST", "")


# OPTIONS and CORS


@pytest.mark.usefixtures("world")
def test_options_tells_the_methods() -> None:
    answer = sent("OPTIONS", "/jobs/{id}", Origin=PAGE)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.usefixtures("shared")
def test_a_preflight_from_a_listed_page_is_told_what_it_may() -> None:
    answer = sent("OPTIONS", "/jobs", Origin=PAGE, Access_Control_Request_Method="POST")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert "Content-Type" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.usefixtures("shared")
def test_a_listed_page_may_read_every_answer_a_refusal_too() -> None:
    for answer in (sent("GET", "/health", origin=PAGE), sent("PUT", "/jobs", origin=PAGE)):
        assert answer.headers["access-control-allow-origin"] == PAGE
        shown = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Location"} <= set(shown)
        assert "access-control-allow-methods" not in answer.headers


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize(
    "origin", ["https://example.org", "http://example.com", f"{PAGE}.evil.org", "null", "*", ""]
)
def test_another_page_is_told_nothing(origin: str) -> None:
    answer = sent("GET", "/health", Origin=origin)
    assert answer.status == 200
    assert answer.headers["vary"] == "Origin"
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_every_page_may_be_let_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    api = replace(world.api(), origins=frozenset({"*"}))
    monkeypatch.setattr(bootstrap, "api", lambda: api)
    assert sent("GET", "/health", Origin=PAGE).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in health().headers


# Accept


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/*;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "image/png, application/json",
        "nonsense",
        "text/html,,",
        "\x00",
        "*/*;q=0, application/json",
    ],
)
def test_who_takes_json_among_others_gets_it(accept: str) -> None:
    assert sent("GET", "/health", Accept=accept).status == 200


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "application/xml, text/plain",
        "application/json;q=0",
        "application/json;q=0.000, */*",
        "application/problem+json",
    ],
)
def test_who_rules_json_out_is_told_so(accept: str) -> None:
    answer = sent("GET", "/health", Accept=accept)
    assert (answer.status, answer.json["type"]) == (406, "urn:problem-type:sluice:not-acceptable")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("world")
def test_a_job_is_not_stored_whose_answer_would_not_be_taken(world: World) -> None:
    assert sent("POST", "/jobs", Accept="text/html").status == 406
    assert world.store.rows == {}


@pytest.mark.usefixtures("world")
def test_the_page_is_for_those_who_take_html() -> None:
    assert sent("GET", "/docs", Accept="text/html,*/*;q=0.8").status == 200
    assert sent("GET", "/docs", Accept="image/png").status == 406
    assert sent("GET", "/docs", Accept="application/json, image/png").status == 406


@pytest.mark.usefixtures("world")
def test_what_a_gateway_says_for_a_client_that_said_nothing_rules_nothing_out() -> None:
    assert sent("GET", "/docs", Accept="application/json").status == 200


@pytest.mark.usefixtures("world")
def test_a_long_accept_is_read_in_time_that_grows_with_its_length_alone() -> None:
    assert sent("GET", "/health", Accept="a/b;" + "q=0;" * 20_000).status == 406
    assert get("x").status == 404
