"""A deploy target is a table of samconfig.toml, and no target is taken for another."""

from __future__ import annotations

import pytest

from stack.deploy_target import DeployTarget
from stack.engines.engine import CREDENTIALS
from stack.settings import SettingsError


@pytest.mark.parametrize("name", ["localstack", "dev", "prod"])
def test_layer_is_built_for_what_is_deployed(name: str) -> None:
    target = DeployTarget.named(name)
    environment = target.environment({"PATH": "/bin"})
    python = target.parameters.get("PythonRuntime", "python3.13")
    assert f"python{environment['LAYER_PYTHON']}" == python
    assert environment["LAYER_PLATFORM"] == "x86_64-manylinux2014"
    assert environment["PATH"].endswith(":/bin")


def test_arm_is_built_for_arm() -> None:
    target = DeployTarget("dev", "stack", "region", {"Architecture": "arm64"})
    assert target.environment({})["LAYER_PLATFORM"] == "aarch64-manylinux_2_34"


def test_aws_is_not_looked_for_in_an_emulator() -> None:
    given = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL is set to http://127"):
        DeployTarget.named("prod").environment(given)


def test_emulator_is_not_looked_for_in_aws() -> None:
    environment = DeployTarget.named("localstack").environment({"AWS_ACCESS_KEY_ID": "of somebody"})
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize("name", ["local", "version", "production"])
def test_target_that_is_none_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(SettingsError, match="localstack, dev, prod"):
        DeployTarget.named(name)
