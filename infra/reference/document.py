"""The OpenAPI document: written by hand, except for the parts that the code knows.

Those parts stand between comments in the document. They are made of the job types, of the options
of a request (`jobs.core.job`), and of the members of a job's JSON (`api.responses`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from api.responses import JOB_SCHEMAS
from jobs.core.job_request import OPTIONS
from jobs.core.schema import schema_of
from jobs.processors import ALL_TYPES, JOB_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.core.job import Option
    from jobs.core.job_type import JobType
    from jobs.core.schema import Schema

SOURCE = Path(__file__).parents[1] / "openapi.yaml"

_GENERATED = re.compile(
    r"(?P<indent> *)# Generated from (?P<origin>[^\n]+) by `make reference`\.\n"
    r".*?"
    r"(?P=indent)# End of what is generated\.\n",
    re.DOTALL,
)
_WIDTH = 100


class _Plain(yaml.SafeDumper):
    """Writes a value out again where it occurs again."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


ANYTHING = {
    "title": "Anything else",
    "type": "object",
    "description": "Accepted too; its attempts fail and say what was expected.",
}


def refreshed(text: str) -> str:
    """`text` of the document with its generated parts as the code is now.

    Raises `ValueError` if the comments around a part are missing.
    """
    found = {each["origin"] for each in _GENERATED.finditer(text)}
    if found != _PARTS.keys():
        missing = ", ".join(sorted(found ^ _PARTS.keys()))
        message = f"{SOURCE}: the comments around a generated part are missing or wrong: {missing}"
        raise ValueError(message)
    return _GENERATED.sub(_part, text)


def parsed(text: str) -> dict[str, Any]:
    """The document as a value."""
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _part(found: re.Match[str]) -> str:
    first, *_, last = found[0].splitlines(keepends=True)
    indent = found["indent"]
    made = yaml.dump(
        _PARTS[found["origin"]](),
        Dumper=_Plain,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH - len(indent),
    )
    lines = (f"{indent}{line}" for line in made.splitlines(keepends=True))
    return f"{first}{''.join(lines)}{last}"


def _schemas() -> dict[str, Schema]:
    """The schemas with a name that are made of the job types and of the options."""
    shapes = {
        each.payload.__name__: {"title": f"{each.name} payload", **schema_of(each.payload)}
        for each in JOB_TYPES.values()
        if each.payload
    }
    references = [_reference(name) for name in shapes]
    named = {_name(each): _without_default(each) for each in OPTIONS.values() if _is_named(each)}
    return _plain(
        {
            "Type": {"enum": list(JOB_TYPES)},
            "AnyType": {
                "type": "string",
                "examples": list(ALL_TYPES),
                "description": "Includes the types of jobs that other jobs make, and of types that "
                "are no longer deployed: it may be any.",
            },
            "Payload": {
                "type": "object",
                "description": "The input of the type's processor, which checks it when the job "
                "runs.",
                "anyOf": [*references, ANYTHING],
            },
            **shapes,
            "Timeout": {
                "description": "The largest `timeoutSeconds` of each type.",
                "allOf": [_timeout(each) for each in JOB_TYPES.values()],
            },
            **named,
        }
    )


def _timeout(job_type: JobType) -> Schema:
    return {
        "if": {"required": ["type"], "properties": {"type": {"const": job_type.name}}},
        "then": {"properties": {"timeoutSeconds": {"maximum": job_type.max_seconds}}},
    }


def _options() -> dict[str, Schema]:
    """The properties of a request, apart from `type` and `payload`."""
    return _plain({each.name: _property(each) for each in OPTIONS.values()})


def _members() -> dict[str, Schema]:
    """The properties of a job that show what its row holds."""
    return _plain(JOB_SCHEMAS)


_PARTS: Mapping[str, Callable[[], dict[str, Schema]]] = {
    "the job types and options": _schemas,
    "the options of a job": _options,
    "the members of a job": _members,
}


def _property(option: Option) -> Schema:
    if not _is_named(option):
        return dict(option.schema)
    default = option.schema.get("default")
    said = {} if default is None else {"description": f"By default `{default}`."}
    return _reference(_name(option)) | said


def _is_named(option: Option) -> bool:
    """Whether the schema of an option has a name of its own: a set of words, or an object."""
    return "enum" in option.schema or option.schema.get("type") == "object"


def _name(option: Option) -> str:
    return option.name[0].upper() + option.name[1:]


def _without_default(option: Option) -> Schema:
    return {key: value for key, value in option.schema.items() if key != "default"}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _plain(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """`schemas` of JSON's own types; a number that is whole is written so."""
    plain: dict[str, Schema] = json.loads(json.dumps(schemas), parse_float=_number)
    return {name: _for_generators(schema) for name, schema in plain.items()}


def _for_generators(node: Any) -> Any:
    """`node` as makers of clients need it: they take an object without properties for an empty one,
    and a member with a default for one that must be sent."""
    if isinstance(node, list):
        return [_for_generators(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {name: _for_generators(each) for name, each in node.items()}
    if "object" in made.get("type", ()) and "properties" not in made:
        made.setdefault("additionalProperties", True)
    if made.get("type") != "object" and not isinstance(made.get("default", {}), dict):
        default = str(made.pop("default")).lower()
        made["description"] = f"{made.get('description', '')} By default `{default}`.".lstrip()
    return made


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number
