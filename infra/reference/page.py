"""The reference as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("get", "post", "put", "patch", "delete")

Node = dict[str, Any]


def page(document: Node) -> str:
    """The page about an OpenAPI `document`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    def resolve(node: Node) -> Node:
        found: Node = node
        while "$ref" in found:
            rest = {key: value for key, value in found.items() if key != "$ref"}
            found = {**_at(document, found["$ref"]), **rest}
        return found

    environment.filters.update(
        said=_said,
        json=_json,
        phrase=_phrase,
        limits=_limits,
        resolve=resolve,
        kind=kind,
        members=members,
    )
    template = environment.get_template("page.html.j2")
    return template.render(document=document, operations=_operations(document))


def _operations(document: Node) -> list[Node]:
    return [
        {"method": method, "path": path, **item[method]}
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def kind(node: Node) -> Markup:
    """The kind of value that a schema describes, with a link to a schema that it refers to."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in node:
            between = Markup(" and ") if word == "allOf" else Markup(" or ")
            return between.join(map(kind, node[word]))
    if "if" in node:
        names = [each["const"] for each in node["if"]["properties"].values()]
        most = [_limits(each) for each in node["then"]["properties"].values()]
        return Markup("{} for <code>{}</code>").format(", ".join(most), ", ".join(names))
    if "enum" in node or "const" in node:
        words = node.get("enum", [node.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(each) for each in words)
    return _type(node)


def members(node: Node, path: str = "") -> Iterator[tuple[str, bool, Node]]:
    """Each member of the objects that a schema describes: its path, whether it is always there, its
    own schema. Those of objects in it follow it: `queues[].ready`. What has a name is told there.
    """
    if "$ref" in node:
        return
    for word in ("anyOf", "oneOf", "allOf"):
        for each in node.get(word, ()):
            yield from members(each, path)
    if "items" in node:
        yield from members(node["items"], f"{path}[]")
    for name, each in node.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        yield inner, name in node.get("required", ()), each
        yield from members(each, inner)


def _type(node: Node) -> Markup:
    types = node.get("type", node.get("title", "any"))
    if types == "array" and "items" in node:
        return Markup("list of {}").format(kind(node["items"]))
    named = " or ".join(types) if isinstance(types, list) else types
    return escape(f"{named} ({node['format']})" if "format" in node else named)


def _at(document: Node, reference: str) -> Node:
    node: Node = document
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def _said(text: str) -> Markup:
    """`text` with its `code` shown as such."""
    parts = (
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(re.split(r"`([^`]+)`", text))
    )
    return Markup("").join(parts)


def _phrase(summary: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", summary.lower()).strip("-")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches `{}`",
    "default": "default `{}`",
}


def _limits(node: Node) -> str:
    return ", ".join(
        words.format(_written(node[key])) for key, words in _LIMITS.items() if key in node
    )


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
