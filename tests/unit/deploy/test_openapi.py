"""The OpenAPI document is valid, and its examples are what its schemas say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from openapi_spec_validator import validate

from api.app import app
from api.negotiation import cors_headers
from jobs.core.job import AttemptOutcome, Status
from jobs.core.read import Reason
from support.openapi import DOCUMENT, errors
from support.template import OPENAPI, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = DOCUMENT["components"]["schemas"]


def examples(node: object, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every example, with the pointer to the schema beside it."""
    if isinstance(node, dict):
        if "schema" in node:
            for each in node.get("examples", {}).values():
                yield f"{pointer}/schema", each["value"]
        for name, child in node.items():
            yield from examples(child, f"{pointer}/{name.replace('/', '~1')}")


def doubles(node: yaml.Node | None) -> Iterator[str]:
    """Every member that occurs more than once: PyYAML keeps the last and says nothing."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value]
        yield from (f"{name}{node.start_mark}" for name in {*names} if names.count(name) > 1)
        for _, child in node.value:
            yield from doubles(child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from doubles(child)


def test_no_member_is_there_twice() -> None:
    assert [*doubles(yaml.compose(OPENAPI.read_text()))] == []


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


@pytest.mark.parametrize("route", app.declared, ids=" ".join)
def test_every_route_names_the_answers_that_any_route_may_give(route: Route) -> None:
    method, path = route
    answers = DOCUMENT["paths"][path][method.lower()]["responses"].keys()

    assert {"406", "429", "500"} <= answers
    assert app.declared[route].scope is None or {"400", "401", "403", "503"} <= answers


def headers(node: object) -> Iterator[str]:
    """The name of every header of an answer."""
    if isinstance(node, dict):
        if "description" in node:
            yield from node.get("headers", {})
        for child in node.values():
            yield from headers(child)


def test_a_page_from_elsewhere_may_read_the_headers_of_which_it_tells() -> None:
    shown = cors_headers("https://example.com", {"*"})["Access-Control-Expose-Headers"]
    told = {*headers(DOCUMENT)}
    assert {"ETag", "Location"} <= told
    assert told <= {*shown.split(", ")}


def test_there_are_examples() -> None:
    assert len(list(examples(DOCUMENT["paths"]))) >= 5


@pytest.mark.parametrize(
    ("pointer", "example"),
    [(f"/paths{pointer}", example) for pointer, example in examples(DOCUMENT["paths"])],
)
def test_an_example_is_what_its_schema_says(pointer: str, example: object) -> None:
    assert errors(example, pointer) == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"type": "CSV_EXPORT"}, "payload"),
        ({"type": "NOPE", "payload": {}}, "NOPE"),
        ({"type": "CSV_EXPORT", "payload": []}, "object"),
        ({"type": "CSV_EXPORT", "payload": {}, "priority": "low"}, "low"),
        ({"type": "CSV_EXPORT", "payload": {}, "maxAttempts": 26}, "26"),
        ({"type": "CSV_EXPORT", "payload": {}, "more": 1}, "more"),
    ],
)
def test_the_schema_of_a_new_job_refuses(body: object, wrong: str) -> None:
    found = errors(body, "/components/schemas/NewJob")

    assert found
    assert wrong in " ".join(found)


def test_the_words_are_those_of_the_code() -> None:
    assert SCHEMAS["Status"]["enum"] == list(Status)
    assert SCHEMAS["Attempt"]["properties"]["outcome"]["enum"] == list(AttemptOutcome)
    assert SCHEMAS["Waiting"]["properties"]["reason"]["enum"] == list(Reason)
