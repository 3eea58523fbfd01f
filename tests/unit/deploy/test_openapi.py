"""The OpenAPI document is valid, and its examples are what its schemas say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from api import authorization, query
from api.negotiation import shared
from jobs.core.job import DEFAULT_MAX_ATTEMPTS, MAX_ATTEMPTS, Priority, Status
from jobs.core.ports.api_keys import Scope
from jobs.processors import JOB_TYPES
from support.template import OPENAPI

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = yaml.safe_load(OPENAPI.read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]


def examples(node: object, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every example, with the pointer to the schema beside it."""
    if isinstance(node, dict):
        if "schema" in node:
            for each in node.get("examples", {}).values():
                yield f"{pointer}/schema", each["value"]
        for name, child in node.items():
            yield from examples(child, f"{pointer}/{name.replace('/', '~1')}")


def errors(value: object, pointer: str) -> list[str]:
    """How `value` differs from the schema at `pointer`."""
    resource = Resource.from_contents(DOCUMENT, DRAFT202012)
    validator = OAS31Validator(
        {"$ref": f"urn:document#{pointer}"},
        registry=Registry().with_resource("urn:document", resource),
        format_checker=oas31_format_checker,
    )
    return [error.message for error in validator.iter_errors(value)]


def doubles(node: yaml.Node | None) -> Iterator[str]:
    """Every member that is there more than once, which PyYAML takes the last of."""
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


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_what_may_be_answered_anywhere_is_told_of_everywhere(path: str) -> None:
    for operation in DOCUMENT["paths"][path].values():
        assert {"406", "429", "500"} <= operation["responses"].keys()
        assert (
            path in authorization.OPEN
            or {"400", "401", "403", "503"} <= operation["responses"].keys()
        )


def test_every_request_tells_the_parameters_that_there_are() -> None:
    told = {
        (method.upper(), path): tuple(
            each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"
        )
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert {route: names for route, names in told.items() if names} == query.PARAMETERS


def headers(node: object) -> Iterator[str]:
    """The name of every header of an answer."""
    if isinstance(node, dict):
        if "description" in node:
            yield from node.get("headers", {})
        for child in node.values():
            yield from headers(child)


def test_a_page_from_elsewhere_may_read_the_headers_of_which_it_tells() -> None:
    shown = shared("https://example.com", {"*"})["Access-Control-Expose-Headers"]
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


def test_every_request_tells_the_scope_that_the_door_asks_for() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            scope = authorization.SCOPES.get((method.upper(), path), Scope.ADMIN)
            told = [] if path in authorization.OPEN else [{}, {"key": [scope]}]
            assert operation.get("security") == told, f"{method} {path}"


@pytest.mark.parametrize(
    ("envelope", "wrong"),
    [
        ({"type": "CSV_EXPORT"}, "payload"),
        ({"type": "NOPE", "payload": {}}, "NOPE"),
        ({"type": "CSV_EXPORT", "payload": []}, "object"),
        ({"type": "CSV_EXPORT", "payload": {}, "priority": "low"}, "low"),
        ({"type": "CSV_EXPORT", "payload": {}, "maxAttempts": 26}, "26"),
        ({"type": "CSV_EXPORT", "payload": {}, "more": 1}, "more"),
    ],
)
def test_the_schema_of_a_new_job_refuses(envelope: object, wrong: str) -> None:
    found = errors(envelope, "/components/schemas/NewJob")

    assert found
    assert wrong in " ".join(found)


def test_the_words_are_those_of_the_code() -> None:
    new = SCHEMAS["NewJob"]["properties"]

    assert SCHEMAS["Type"]["enum"] == list(JOB_TYPES)
    assert SCHEMAS["Priority"]["enum"] == list(Priority)
    assert SCHEMAS["Status"]["enum"] == list(Status)
    assert new["maxAttempts"]["maximum"] == MAX_ATTEMPTS
    assert new["maxAttempts"]["default"] == DEFAULT_MAX_ATTEMPTS
