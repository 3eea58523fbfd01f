"""A deploy target is a table of samconfig.toml, and no target is taken for another."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stack.deploy_target import DeployTarget
from stack.engines.engine import CREDENTIALS
from stack.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


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


def test_aws_is_not_deleted_unless_somebody_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stack", "undeploy", "--env", "dev"],
        env={"PATH": os.environ["PATH"], "AWS_PROFILE": "of-nobody"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("undeploy: say YES=1 to delete sluice-dev in eu-central-1")


@pytest.mark.parametrize(("answer", "deleted"), [("y", True), ("", False), ("no", False)])
def test_answer_is_asked_for_once_and_before_anything_is_done(
    tmp_path: Path, answer: str, *, deleted: bool
) -> None:
    """SAM is given no question to ask."""
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho $@ >> {tmp_path}/calls\nexit 1\n")
    program.chmod(0o755)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "stack", "undeploy", "--env", "dev"],
        env={"PATH": os.environ["PATH"], "UV": str(program)},
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.stdout.startswith("Delete sluice-dev in eu-central-1?")
    assert (tmp_path / "calls").exists() is deleted
