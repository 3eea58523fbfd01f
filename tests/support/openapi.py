"""The OpenAPI document, and whether values fit its schemas."""

from __future__ import annotations

from functools import cache

import yaml
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from support.template import OPENAPI

DOCUMENT = yaml.safe_load(OPENAPI.read_text())


def errors(value: object, pointer: str) -> list[str]:
    """How `value` differs from the schema at `pointer`."""
    return [error.message for error in _validator(pointer).iter_errors(value)]


@cache
def _validator(pointer: str) -> OAS31Validator:
    resource = Resource.from_contents(DOCUMENT, DRAFT202012)
    return OAS31Validator(
        {"$ref": f"urn:document#{pointer}"},
        registry=Registry().with_resource("urn:document", resource),
        format_checker=oas31_format_checker,
    )
