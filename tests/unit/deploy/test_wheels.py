"""Every library of the layer is there as a wheel for every runtime that can be chosen."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging import tags
from packaging.markers import Marker
from packaging.utils import canonicalize_name, parse_wheel_filename

from support.template import ROOT, template

REQUIREMENTS = (ROOT / "layers" / "common" / "requirements.txt").read_text()
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())

# Python 3.11 runs on Amazon Linux 2 (glibc 2.26), the others on Amazon Linux 2023 (2.34). The
# first is too old for psycopg2 on arm64.
MACHINES = {"x86_64": 17, "aarch64": 34}


def wanted(python: str) -> dict[str, str]:
    """Name and version of what the layer ships for `python`."""
    environment = {"python_version": python, "python_full_version": f"{python}.9"}
    found = re.findall(r"^(\S+)==(\S+?)(?: ; (.+?))? \\$", REQUIREMENTS, re.MULTILINE)
    return {
        canonicalize_name(name): version
        for name, version, marker in found
        if not marker or Marker(marker).evaluate(environment)
    }


def wheels(name: str, version: str) -> list[str]:
    packages: list[dict[str, Any]] = LOCK["package"]
    (package,) = [each for each in packages if (each["name"], each["version"]) == (name, version)]
    return [wheel["url"].rsplit("/", 1)[1] for wheel in package["wheels"]]


def fitting(python: str, machine: str) -> frozenset[tags.Tag]:
    """The tags of wheels that run on this Python and machine."""
    version = tuple(map(int, python.split(".")))
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(MACHINES[machine], 4, -1)]
    return frozenset(tags.cpython_tags(version, platforms=platforms)) | frozenset(
        tags.compatible_tags(version, platforms=platforms)
    )


PYTHONS = [
    runtime.removeprefix("python")
    for runtime in template()["Parameters"]["PythonRuntime"]["AllowedValues"]
]


def test_the_layer_is_built_for_what_the_template_takes_by_default() -> None:
    makefile = (ROOT / "layers" / "common" / "Makefile").read_text()
    built_for = dict(re.findall(r"^(LAYER_\w+) \?= (\S+)$", makefile, re.MULTILINE))
    default = {name: each.get("Default") for name, each in template()["Parameters"].items()}

    assert f"python{built_for['LAYER_PYTHON']}" == default["PythonRuntime"]
    assert built_for["LAYER_PLATFORM"].startswith(f"{default['Architecture']}-")


@pytest.mark.parametrize(
    ("python", "machine"),
    [
        (python, machine)
        for python in PYTHONS
        for machine in MACHINES
        if (python, machine) != ("3.11", "aarch64")
    ],
)
def test_a_wheel_fits(python: str, machine: str) -> None:
    fit = fitting(python, machine)
    needed = wanted(python)

    assert needed.keys() >= {"chalice", "jinja2", "psycopg2-binary", "redis"}
    for name, version in needed.items():
        offered = [parse_wheel_filename(wheel)[3] for wheel in wheels(name, version)]
        assert any(each & fit for each in offered), (name, version, offered)
