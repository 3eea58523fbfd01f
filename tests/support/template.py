"""`template.yaml` as plain values; its short tags (`!Ref x`) as the mappings they stand for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
OPENAPI = ROOT / "infra" / "openapi.yaml"
PARAMETERS = ROOT / "infra" / "parameters"

Route = tuple[str, str]
"""Method and path."""


class _Loader(yaml.SafeLoader):
    """Knows CloudFormation's tags."""


def _tagged(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            raise AssertionError(f"!{name} with something else than a scalar or a list")
    if name == "GetAtt":
        value = value.split(".")
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _tagged)


@cache
def template() -> dict[str, Any]:
    """The whole template."""
    return _read(TEMPLATE)


def resource(name: str) -> dict[str, Any]:
    """The properties of one resource."""
    properties: dict[str, Any] = template()["Resources"][name]["Properties"]
    return properties


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of the type `kind`, by name."""
    return {
        name: each["Properties"]
        for name, each in template()["Resources"].items()
        if each["Type"] == kind
    }


def variables(function: str) -> dict[str, Any]:
    """The environment variables that `function` gets."""
    everywhere = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = resource(function).get("Environment", {}).get("Variables", {})
    return {**everywhere, **own}


@cache
def parameters(target: str) -> dict[str, Any]:
    """What the template is given for `target`."""
    return _read(PARAMETERS / f"{target}.yaml")


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(path.read_text(), _Loader)
    return read
