"""The OpenAPI document is valid, and its examples are what its schemas say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from openapi_spec_validator import validate

from api.app import app
from api.negotiation import cors_headers
from jobs.core.job import AttemptOutcome, Priority, Status
from jobs.core.read import Reason
from jobs.processors import ALL_TYPES
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
    assert SCHEMAS["Status"]["enum"] == SCHEMAS["AnyStatus"]["examples"] == list(Status)
    assert SCHEMAS["Priority"]["enum"] == SCHEMAS["AnyPriority"]["examples"] == list(Priority)
    assert SCHEMAS["AnyType"]["examples"] == list(ALL_TYPES)
    assert SCHEMAS["Attempt"]["properties"]["outcome"]["examples"] == list(AttemptOutcome)
    assert SCHEMAS["Waiting"]["properties"]["reason"]["examples"] == list(Reason)


def closed(node: object, seen: frozenset[str], where: str = "") -> Iterator[str]:
    """Each place in the schema of an answer that holds known values only."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from closed(each, seen, f"{where}/{index}")
    if not isinstance(node, dict):
        return
    if {"enum", "const"} & node.keys() or node.get("additionalProperties") is False:
        yield where
    reference = node.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        found: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        yield from closed(found, seen | {reference}, reference)
    for name, each in node.items():
        if name not in ("example", "examples", "links"):
            yield from closed(each, seen, f"{where}/{name}")


def test_answers_may_hold_what_nobody_knows_yet() -> None:
    answers = [
        operation["responses"]
        for path in DOCUMENT["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "delete")
    ]
    assert len(answers) > 10
    assert [*closed(answers, frozenset())] == []
    assert [*closed(SCHEMAS["NewJob"], frozenset())], "a request holds known values only"


def open_objects(node: object, where: str = "") -> Iterator[str]:
    """Each object whose members are not described, though makers of clients must know of them."""
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from open_objects(each, f"{where}/{index}")
    if isinstance(node, dict):
        bare = "object" in node.get("type", ()) and "properties" not in node
        if bare and "additionalProperties" not in node:
            yield where
        for name, each in node.items():
            if name not in ("example", "examples"):
                yield from open_objects(each, f"{where}/{name}")


def test_an_object_of_any_members_says_so() -> None:
    assert [*open_objects(DOCUMENT)] == []
