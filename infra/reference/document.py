"""The OpenAPI document: written by hand, but for what the job types say of themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from jobs.core.schema import Schema, schema_of
from jobs.processors import ALL_TYPES, JOB_TYPES

if TYPE_CHECKING:
    from jobs.core.job_type import JobType

SOURCE = Path(__file__).parents[1] / "openapi.yaml"

_GENERATED = re.compile(
    r"(?<=    # Generated from the job types by `make reference`\.\n).*?"
    r"(?=    # End of what is generated\.\n)",
    re.DOTALL,
)


class _Plain(yaml.SafeDumper):
    """Writes out what is there twice."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


ANYTHING = {
    "title": "Anything else",
    "type": "object",
    "description": "Accepted too; its attempts fail and say what was expected.",
}


def refreshed(text: str) -> str:
    """`text` of the document with what the job types say now."""
    if not _GENERATED.search(text):
        message = f"{SOURCE}: the comments around what is generated from the job types are missing"
        raise ValueError(message)
    made = yaml.dump(_made(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=92)
    indented = "".join(f"    {line}" for line in made.splitlines(keepends=True))
    return _GENERATED.sub(lambda _: indented, text)


def parsed(text: str) -> dict[str, Any]:
    """The document as a value."""
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _made() -> dict[str, Schema]:
    shapes = {
        each.payload.__name__: {"title": f"{each.name} payload", **schema_of(each.payload)}
        for each in JOB_TYPES.values()
        if each.payload
    }
    references = [{"$ref": f"#/components/schemas/{name}"} for name in shapes]
    return {
        "Type": {"enum": list(JOB_TYPES)},
        "AnyType": {
            "enum": list(ALL_TYPES),
            "description": "Includes the types of jobs that other jobs make.",
        },
        "Payload": {
            "type": "object",
            "description": "The input of the type's processor, which checks it when the job runs.",
            "anyOf": [*references, ANYTHING],
        },
        **shapes,
        "Timeout": {
            "description": "The largest `timeoutSeconds` of each type.",
            "allOf": [_timeout(each) for each in JOB_TYPES.values()],
        },
    }


def _timeout(job_type: JobType) -> Schema:
    return {
        "if": {"required": ["type"], "properties": {"type": {"const": job_type.name}}},
        "then": {"properties": {"timeoutSeconds": {"maximum": job_type.max_seconds}}},
    }
