"""docker-compose.yml works with both versions of docker-compose, and listens on loopback only."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import yaml

from stack.containers.stand_ins import STAND_INS
from stack.paths import ROOT
from stack.settings import FUNCTION_PARAMETERS

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXTENSION = re.compile(r"x-[a-z]+")
SCRIPT = ROOT / "localstack" / "init" / "ready.d" / "deploy.sh"
OF_OTHER_MAIL_SERVERS = {"MAIL_TLS", "MAIL_USER", "MAIL_PASSWORD"}
"""Settings that the mail catcher does not need."""
ROOT_ALLOWED = {"localstack", "mirror"}
"""LocalStack starts containers; the mirror becomes the owner of the output folder."""


def test_top_level_is_what_both_versions_know() -> None:
    plain = {name for name in COMPOSE if not EXTENSION.fullmatch(name)}
    assert plain == {"services", "networks", "volumes"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_tells_its_health(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_on_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_service_waits_until_what_it_needs_is_healthy(name: str) -> None:
    needed = SERVICES[name].get("depends_on", {})
    assert all(each == {"condition": "service_healthy"} for each in needed.values())


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ROOT_ALLOWED))
def test_service_does_not_run_as_root(name: str) -> None:
    assert SERVICES[name]["user"] not in {"root", "0"}


def test_every_image_is_pinned_and_has_a_stand_in() -> None:
    images = {each["image"] for each in SERVICES.values() if "build" not in each}
    arguments = re.findall(
        r"^ARG \w+=(\S+)$",
        (ROOT / "localstack" / "docker" / "Dockerfile").read_text(),
        re.MULTILINE,
    )
    assert all(re.search(r":v?\d+\.\d+", image) for image in images)
    assert images | set(arguments) == set(STAND_INS)


def test_localstack_is_the_same_image_in_both_files() -> None:
    chosen = SERVICES["localstack"]["build"]["args"]["LOCALSTACK_IMAGE"]
    default = chosen.removeprefix("${LOCALSTACK_IMAGE:-").removesuffix("}")
    assert default in STAND_INS


def test_script_that_deploys_can_be_run() -> None:
    assert os.access(SCRIPT, os.X_OK)


def test_settings_are_handed_on_to_the_functions() -> None:
    handed_on = dict(re.findall(r"\b([A-Z_]+)=([A-Z][A-Za-z]+)\b", SCRIPT.read_text()))
    wanted = {
        name: parameter
        for name, parameter in FUNCTION_PARAMETERS.items()
        if name not in OF_OTHER_MAIL_SERVERS
    }
    assert handed_on == wanted
    environment = SERVICES["localstack"]["environment"]
    assert all(environment[name] == f"${{{name}:-}}" for name in handed_on)
