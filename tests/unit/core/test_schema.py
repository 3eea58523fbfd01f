"""The JSON Schema of a type, and the check of a value by it: every problem with its place."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from openapi_schema_validator import OAS31Validator

from jobs.core.job_request import OPTIONS
from jobs.core.schema import checker, parse_time, schema_of
from jobs.processors._payload import Keywords
from jobs.processors.csv_export import CsvExportPayload
from jobs.processors.email_send import EmailSendPayload


class Inner(TypedDict):
    number: int


class Outer(TypedDict):
    """What it is,
    on two lines."""

    a: Annotated[list[Inner], Keywords(minItems=2)]
    b: NotRequired[Literal["x", "y"] | None]
    c: NotRequired[dict[str, float]]


def test_a_typed_dict_has_one_schema() -> None:
    inner = {
        "type": "object",
        "required": ["number"],
        "properties": {"number": {"type": "integer"}},
    }

    assert schema_of(Outer) == {
        "type": "object",
        "description": "What it is, on two lines.",
        "required": ["a"],
        "properties": {
            "a": {"type": "array", "items": inner, "minItems": 2},
            "b": {"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}]},
            "c": {"type": "object", "additionalProperties": {"type": "number"}},
        },
    }
    with pytest.raises(TypeError, match="no JSON Schema"):
        schema_of(set[int])


@pytest.mark.parametrize(
    ("shape", "payload", "fits"),
    [
        (CsvExportPayload, {"data": [{"id": 1}]}, True),
        (CsvExportPayload, {"data": []}, False),
        (CsvExportPayload, {"data": "invalid"}, False),
        (CsvExportPayload, {}, False),
        (EmailSendPayload, {"to": "a@b.c", "subject": "s", "body": "b"}, True),
        (EmailSendPayload, {"to": ["a@b.c"], "template": "t", "context": {}}, True),
        (EmailSendPayload, {"to": []}, False),
        (EmailSendPayload, {"subject": "s", "body": "b"}, False),
        (EmailSendPayload, {"to": "a@b.c", "subject": 1}, False),
    ],
)
def test_the_schema_of_a_payload_tells_right_from_wrong(
    shape: type, payload: object, *, fits: bool
) -> None:
    assert OAS31Validator(schema_of(shape)).is_valid(payload) is fits
    assert ([*checker(schema_of(shape))(payload, "")] == []) is fits


def problems(schema: dict[str, Any], value: object) -> dict[str, str]:
    return {each.pointer: each.detail for each in checker(schema)(value, "/at")}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minimun": 1},
        {"type": "array", "items": {"type": "number", "multipleOf": 2}},
        {"type": "object", "properties": {"a": {"const": 1}}},
        {"type": "object", "additionalProperties": {"not": {}}},
        {"anyOf": [{"type": "null"}, {"$ref": "#/a"}]},
    ],
    ids=["misspelled", "in items", "in properties", "in other members", "in a choice"],
)
def test_a_keyword_without_a_check_is_refused_and_not_passed_over(schema: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"no check for (minimun|multipleOf|const|not|\$ref) in"):
        checker(schema)


def test_keywords_that_only_describe_check_nothing() -> None:
    notes = {"title": "t", "description": "d", "default": 1, "example": 1, "examples": [1]}
    assert problems({"type": "integer", **notes}, 7) == {}


@pytest.mark.parametrize(
    ("schema", "fits", "wrong", "wanted"),
    [
        ({"type": "integer"}, [0, -1, 2.0, 10**30], [0.5, True, "1", None], "a whole number"),
        ({"type": "number"}, [0, 0.5, -1e9], [False, "1", None, []], "a number"),
        (
            {"type": "integer", "minimum": 1, "maximum": 3},
            [1, 3, 2.0],
            [0, 4, 1.5],
            "a whole number from 1 to 3",
        ),
        ({"type": "number", "minimum": 0.5}, [0.5, 1e9], [0.4, -1], "a number from 0.5"),
        ({"type": "number", "maximum": 7}, [7, -1e9], [7.1], "a number up to 7"),
        ({"type": "boolean"}, [True, False], [0, 1, "true", None], "true or false"),
        ({"type": "null"}, [None], [0, False, "", {}], "null"),
        ({"type": "object"}, [{}, {"a": 1}], [[], "", None], "an object"),
        ({"type": "string"}, ["", "é" * 1000], [1, None, []], "a string"),
        (
            {"type": "string", "minLength": 1, "maxLength": 2},
            ["a", "🎉🎉"],
            ["", "abc"],
            "a string of 1 to 2 characters",
        ),
        ({"type": "string", "minLength": 2}, ["ab"], ["a"], "a string of at least 2 characters"),
        (
            {"type": "string", "pattern": "^[a-z]+$"},
            ["ab"],
            ["", "A", "ab\n"],
            "a string, matching ^[a-z]+$",
        ),
        ({"enum": ["x", "y"]}, ["x", "y"], ["z", None, ["x"], {}], "one of x, y"),
        ({"type": "array"}, [[], [1, "a"]], [{}, "a", None], "a list of items"),
        (
            {"type": "array", "minItems": 2},
            [[1, 2]],
            [[], [1]],
            "a list of at least 2 items",
        ),
        (
            {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
            [["a"], ["a", "b"]],
            [[], ["a", "b", "c"]],
            "a list of 1 to 2 strings",
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            ["a", [], ["a", "b"]],
            [1, None],
            "a string or a list of strings",
        ),
        ({}, [None, 1, "a", [], {}], [], "anything"),
    ],
)
def test_a_value_fits_or_is_told_what_it_must_be(
    schema: dict[str, Any], fits: list[object], wrong: list[object], wanted: str
) -> None:
    validator = OAS31Validator(schema)
    for value in fits:
        assert problems(schema, value) == {}
        assert validator.is_valid(value)
    for value in wrong:
        [(where, detail)] = problems(schema, value).items()
        assert where == "/at"
        assert detail.startswith(f"must be {wanted}, not ")
        # Python's $ also matches before a line feed at the end; JSON Schema's does not.
        assert value == "ab\n" or not validator.is_valid(value)


def test_the_choice_that_a_value_nearly_is_says_what_is_wrong_inside() -> None:
    strings = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    assert problems(strings, ["a", 1]) == {"/at/1": "must be a string, not 1"}
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert problems({"anyOf": [inner, {"type": "null"}]}, {}) == {"/at/n": "is missing"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "sting"},
        {"type": ["string", "null"]},
        {"type": "string", "format": "email"},
        {"minimum": 1},
        {"properties": {}},
        {"type": "boolean", "minLength": 1},
    ],
)
def test_what_would_not_be_checked_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="no check for"):
        checker(schema)


def test_limits_of_zero_and_booleans_are_taken_as_they_are() -> None:
    assert problems({"type": "string", "maxLength": 0}, "a")
    assert problems({"type": "array", "maxItems": 0}, [1])
    assert problems({"enum": [1]}, value=True)
    assert not problems({"type": "array", "uniqueItems": True}, [1, True])


def test_what_came_instead_is_shown_if_it_is_short() -> None:
    assert problems({"type": "string"}, 7) == {"/at": "must be a string, not 7"}
    assert problems({"type": "number"}, "x" * 60) == {"/at": f'must be a number, not "{"x" * 60}"'}
    assert problems({"type": "number"}, "x" * 61) == {"/at": "must be a number, not a string"}
    assert problems({"type": "number"}, {"a": 1}) == {"/at": "must be a number, not an object"}


NESTED: dict[str, Any] = {
    "type": "object",
    "required": ["name", "rows"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "rows": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "integer"}},
                "additionalProperties": {"type": "string"},
            },
        },
    },
}


def test_every_problem_of_a_nested_value_is_named_with_its_place() -> None:
    right = {"id": 1, "a": "b"}
    assert problems(NESTED, {"name": "n", "rows": [right, {"id": 2}]}) == {}
    assert problems(NESTED, {}) == {"/at/name": "is missing", "/at/rows": "is missing"}
    assert problems(
        NESTED, {"name": None, "rows": [right, {"id": "x", "a/b": 1}, {}, 7, right], "~more": 1}
    ) == {
        "/at/name": "must be a string, not null",
        "/at/rows/1/id": 'must be a whole number, not "x"',
        "/at/rows/1/a~1b": "must be a string, not 1",
        "/at/rows/2/id": "is missing",
        "/at/rows/3": "must be an object, not 7",
        "/at/rows/4": "is there twice",
        "/at/~0more": "is unknown: one of name, rows",
    }


def test_members_that_are_not_described_are_anything_unless_the_schema_says_otherwise() -> None:
    assert problems({"type": "object", "properties": {"a": {"type": "null"}}}, {"b": 1}) == {}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_a_request_has_a_schema_that_can_be_checked(name: str) -> None:
    schema = OPTIONS[name].schema
    default = schema.get("default", schema.get("example"))
    OAS31Validator.check_schema(schema)
    assert default is None or [*checker(schema)(default, "")] == []


def test_a_time_is_read_with_its_offset_and_nothing_else_is_a_time() -> None:
    found = parse_time("2027-01-31T08:00:00+01:00")
    assert found
    assert found.isoformat() == "2027-01-31T07:00:00+00:00"
    for wrong in ("2027-01-31T08:00:00", "2027-01-31", "3000-01-01T00:00:00Z", 1, None):
        assert parse_time(wrong) is None
