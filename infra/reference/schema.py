"""The JSON Schema of a `TypedDict`.

A member's `Annotated[…, Keywords(…)]` adds keywords to its schema: `description`, `minItems`, ….
"""

from __future__ import annotations

import types
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Schema = dict[str, Any]

_SCALARS: dict[object, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    Any: {},
}


def schema(shape: Any) -> Schema:
    """The schema of whatever is of the type `shape`. Raises `TypeError` where there is none."""
    if shape in _SCALARS:
        return dict(_SCALARS[shape])
    if is_typeddict(shape):
        return _object(shape)
    return _generic(get_origin(shape), get_args(shape), shape)


def _generic(origin: Any, arguments: tuple[Any, ...], shape: Any) -> Schema:
    if origin is Annotated:
        of, *notes = arguments
        return schema(of) | {key: value for note in notes for key, value in note.items()}
    if origin in (Required, NotRequired):
        return schema(arguments[0])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema(arguments[0])}
    if origin is dict and arguments[0] is str:
        values = schema(arguments[1])
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema(each) for each in arguments]}
    message = f"there is no JSON Schema for {shape}"
    raise TypeError(message)


def _object(shape: Any) -> Schema:
    hints = get_type_hints(shape, include_extras=True)
    made: Schema = {"type": "object"}
    if shape.__doc__:
        made["description"] = " ".join(shape.__doc__.split())
    needed = [name for name in hints if _is_required(hints[name], shape)]
    if needed:
        made["required"] = needed
    return made | {"properties": {name: schema(hint) for name, hint in hints.items()}}


def _is_required(hint: Any, shape: Any) -> bool:
    # Not __required_keys__: with postponed annotations it does not know these two (3.11).
    origin = get_origin(hint)
    return origin is Required or (origin is not NotRequired and bool(shape.__total__))
