"""Deployment to a target other than the local stack: each is a table of samconfig.toml."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3

from stack import admin
from stack.console import say
from stack.engines.engine import CREDENTIALS
from stack.environments import InstallError, install, uv
from stack.import_check import ImportCheck
from stack.interpreters import find_python
from stack.keys import Keys
from stack.paths import ROOT, SAM
from stack.sam import DeployError
from stack.settings import SettingsError
from stack.surroundings import for_download, past_proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "local"
IN_DOCKER = "localstack"
IN_DOCKER_URL = "http://127.0.0.1:4566"
DEFAULT_PYTHON = "python3.13"
PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux_2_34"}


@dataclass(frozen=True)
class DeployTarget:
    """A table of samconfig.toml; `parameters` are the template's, from `infra/parameters/`."""

    name: str
    stack: str
    region: str
    parameters: Mapping[str, str]

    @classmethod
    def named(cls, name: str) -> Self:
        """The target of that name; raises `SettingsError` if there is none."""
        tables = tomllib.loads((ROOT / "samconfig.toml").read_text())
        targets = [each for each in tables if each not in {"version", LOCAL}]
        if name not in targets:
            raise SettingsError(
                f"ENV must be one of {', '.join(targets)}, or left out for the local stack, "
                f"not {name!r}"
            )
        settings = tables[name]["global"]["parameters"]
        parameters = _parameters(ROOT / "infra" / "parameters" / f"{name}.yaml")
        return cls(name, settings["stack_name"], settings["region"], parameters)

    def deploy(self, state: Path) -> None:
        """Check, build, deploy, and ask the functions if they could work; raises `DeployError`.

        `state` is the folder of the local stack, which keeps what the check needs.
        """
        environment = self.environment(os.environ)
        self.check(state, environment["LAYER_PYTHON"])
        self._sam(environment, "build")
        self._sam(environment, "deploy")
        client = self._client(environment)
        admin.check(client, self._poller, f"{self.stack}-api")
        # As the schedule does: it also recovers jobs of an earlier deployment.
        client.invoke(
            FunctionName=self._poller,
            InvocationType="Event",
            Payload=b'{"schedule": "deployment"}',
        )

    def check(self, state: Path, version: str) -> None:
        """Raise `DeployError`, which names file and line, unless the job types can be imported.

        Without a Python of that version on this machine they are imported with the one that runs.
        """
        try:
            python = find_python(f"=={version}.*", f"ENV={self.name}")
        except InstallError:
            ours = "{}.{}".format(*sys.version_info)
            say(f"no Python {version} on this machine: checking the job types with {ours}")
            python, version = sys.executable, ours
        ImportCheck(python, version, state / "import_check").run()

    def undeploy(self) -> None:
        """Delete the stack without a question; the bucket with the exports stays.

        Raises `DeployError`.
        """
        environment = self.environment(os.environ)
        place = ("--stack-name", self.stack, "--region", self.region)
        self._sam(environment, "delete", *place, "--no-prompts")

    @property
    def in_docker(self) -> bool:
        """Whether it is an engine on this machine."""
        return self.name == IN_DOCKER

    def keys(self) -> Keys:
        """The API keys of this target."""
        return Keys(self._client(self.environment(os.environ)), self._poller)

    def environment(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """The environment for SAM, made from `given`.

        Raises `SettingsError` if `given` sends a deployment for AWS to an emulator.
        """
        endpoint = given.get("AWS_ENDPOINT_URL")
        if endpoint and self.name != IN_DOCKER:
            raise SettingsError(
                f"ENV={self.name} is on AWS, but AWS_ENDPOINT_URL is set to {endpoint}: unset it"
            )
        local = {"AWS_ENDPOINT_URL": endpoint or IN_DOCKER_URL, **CREDENTIALS}
        # For AWS all of it, because the user's credentials may come from anywhere.
        kept = {name: value for name, value in given.items() if not name.startswith("PYTHON")}
        surroundings = for_download(given) if self.name == IN_DOCKER else kept
        return {
            **surroundings,
            **past_proxies(given),
            **(local if self.name == IN_DOCKER else {}),
            # The layer's Makefile calls uv, which need not be on the user's path.
            "PATH": os.pathsep.join([str(Path(uv()).parent), given.get("PATH", "")]),
            "LAYER_PYTHON": self.parameters.get("PythonRuntime", DEFAULT_PYTHON)[len("python") :],
            "LAYER_PLATFORM": PLATFORMS[self.parameters.get("Architecture", "x86_64")],
            "SAM_CLI_TELEMETRY": "0",
        }

    def _sam(self, environment: Mapping[str, str], command: str, *options: str) -> None:
        program = install(SAM) / "sam"
        done = subprocess.run(  # noqa: S603
            [str(program), command, "--config-env", self.name, *options],
            cwd=ROOT,
            env=environment,
            check=False,
        )
        if done.returncode:
            raise DeployError(f"sam {command} --config-env {self.name} failed, see above")

    @property
    def _poller(self) -> str:
        return f"{self.stack}-poller"

    def _client(self, environment: Mapping[str, str]) -> Any:
        return boto3.client(
            "lambda",
            config=admin.CALL,
            region_name=self.region,
            endpoint_url=environment.get("AWS_ENDPOINT_URL"),
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        )


def _parameters(path: Path) -> Mapping[str, str]:
    """Read a parameter file, as far as it has one `Name: value` a line."""
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip().strip('"') for name, _, value in pairs}
