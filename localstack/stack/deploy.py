"""Build the template and deploy it into the local engine, with SAM's own command line."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from stack.digest import digest
from stack.engines.engine import REGION
from stack.environments import install, uv
from stack.outputs import Outputs
from stack.paths import ROOT, SAM
from stack.waiting import NotReadyError, wait_until
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from stack.stack import Stack

STACK_NAME = "sluice"
STAMP = "deployed"


class DeployError(Exception):
    """The build, the deployment or the first run of the poller failed."""


@dataclass(frozen=True)
class Deployment:
    """One deployment of the repository into the engine of `stack`."""

    stack: Stack

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Of the template."""
        database, queue, mail = self.stack.services
        mail_at = urlsplit(mail.address)
        return {
            **self.stack.settings.parameters,
            "DatabaseUrl": database.address,
            "RedisUrl": queue.address,
            "MailHost": str(mail_at.hostname),
            "MailPort": str(mail_at.port),
            "Mirror": "true",
            "ReserveConcurrency": "false",
            "PythonRuntime": f"python{self.stack.engine.python_version()}",
        }

    def current(self) -> bool:
        """Whether the engine holds just this already."""
        return self._stamp.exists() and self._stamp.read_text() == self._digest

    def forget(self) -> None:
        """The engine may have lost what was deployed."""
        self._stamp.unlink(missing_ok=True)
        Outputs.forget(self.stack.state)

    def run(self) -> Outputs:
        """Build, deploy, create the schema; raises `DeployError`."""
        self._stamp.unlink(missing_ok=True)
        programs = install(SAM)
        self._sam(programs, ["build", *self._build_options()])
        self._sam(programs, ["deploy", *self._deploy_options()])
        outputs = self._read_outputs()
        self._create_schema(outputs)
        outputs.write(self.stack.state)
        self._stamp.write_text(self._digest)
        return outputs

    @property
    def _stamp(self) -> Path:
        return self.stack.state / STAMP

    @cached_property
    def _digest(self) -> str:
        return digest({**self.parameters, "engine": self.stack.engine.endpoint()})

    @property
    def _build(self) -> Path:
        return self.stack.state / "sam" / "build"

    def _build_options(self) -> Sequence[str]:
        return [
            *("--template-file", str(ROOT / "template.yaml")),
            *("--build-dir", str(self._build)),
            *("--cache-dir", str(self.stack.state / "sam" / "cache")),
            "--cached",
            "--parallel",
        ]

    def _deploy_options(self) -> Sequence[str]:
        overrides = [f"{name}={json.dumps(value)}" for name, value in self.parameters.items()]
        return [
            *("--template-file", str(self._build / "template.yaml")),
            *("--stack-name", STACK_NAME),
            *("--region", REGION),
            *("--capabilities", "CAPABILITY_IAM"),
            "--resolve-s3",
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--no-progressbar",
            *("--parameter-overrides", *overrides),
        ]

    def _sam(self, programs: Path, arguments: Sequence[str]) -> None:
        done = subprocess.run(  # noqa: S603
            [str(programs / "sam"), *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                **self.stack.engine.environment(),
                # The layer is built by uv, which need not be on the user's path.
                "PATH": os.pathsep.join([str(Path(uv()).parent), os.environ.get("PATH", "")]),
                "LAYER_PYTHON": self.stack.engine.python_version(),
                "LAYER_PLATFORM": "host",
                "SAM_CLI_TELEMETRY": "0",
                "SAM_CLI_POLL_DELAY": "0.2",
            },
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        log = self.stack.state / f"sam-{arguments[0]}.log"
        log.write_text(done.stdout)
        if done.returncode:
            raise DeployError(f"sam {arguments[0]} failed:\n{done.stdout.strip()}")

    def _read_outputs(self) -> Outputs:
        stacks = self._client("cloudformation").describe_stacks(StackName=STACK_NAME)
        made = {each["OutputKey"]: each["OutputValue"] for each in stacks["Stacks"][0]["Outputs"]}
        stages = self._client("apigateway").get_stages(restApiId=made["ApiId"])
        return Outputs(
            gateway_url=self.stack.engine.gateway_url(
                made["ApiId"], stages["item"][0]["stageName"]
            ),
            bucket=made["BucketName"],
            mirror_queue_url=made["MirrorQueueUrl"],
            api_function=made["ApiFunctionName"],
            poller_function=made["PollerFunctionName"],
        )

    def _create_schema(self, outputs: Outputs) -> None:
        """The poller's first act is to bring the schema up to date: call it, and wait for that.

        It is called without waiting for its answer, since it goes on to drain the queues.
        """
        self._client("lambda").invoke(FunctionName=outputs.poller_function, InvocationType="Event")
        nothing = f"{outputs.gateway_url}/jobs/{UUID(int=0)}"
        last: object = None

        def served() -> bool:
            nonlocal last
            try:
                status, last = call(nothing)
            except (OSError, ValueError) as error:
                last = error
                return False
            return status == HTTPStatus.NOT_FOUND

        try:
            wait_until(served, "the schema", seconds=30, every=0.2)
        except NotReadyError as error:
            raise DeployError(f"{error}; the API's last answer: {last}") from error

    def _client(self, service: Any) -> Any:
        return self.stack.engine.client(service)
