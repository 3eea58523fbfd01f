"""A Docker daemon of our own and the services of docker-compose.yml in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.paths import ROOT
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "sluice-verify"
SERVICE = "com.docker.compose.service"


@dataclass(frozen=True)
class Containers:
    """The services of docker-compose.yml in a Docker of our own, whose data is in `folder`.

    `ports` are the variables that give each service a free port; `program` is the path of
    docker-compose.
    """

    folder: Path
    ports: dict[str, str]
    program: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every docker and docker-compose command."""
        socket = self.folder / "docker.sock"
        return {
            **os.environ,
            **self.ports,
            "DOCKER_HOST": f"unix://{socket}",
            "DOCKER_SOCKET": str(socket),
            "COMPOSE_PROJECT_NAME": PROJECT,
            "OUTPUT_DIR": str(self.output.relative_to(ROOT)),
            # BuildKit is a plug-in that not every Docker has.
            "DOCKER_BUILDKIT": "0",
        }

    @property
    def output(self) -> Path:
        """The folder in which exports appear."""
        return ROOT / ".sluice" / "verify-output"

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command; returns its output. With `check`, a failure ends this process."""
        done = subprocess.run(  # noqa: S603
            command,
            env=self.environment,
            cwd=ROOT,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if check and done.returncode:
            raise SystemExit(f"✗ {' '.join(command)}:\n{done.stdout[-4000:]}")
        return done.stdout

    def compose(self, *words: str, check: bool = True) -> str:
        """Run docker-compose, as `run` does."""
        return self.run(self.program, *words, check=check)

    def health(self) -> dict[str, str]:
        """The health of each service, by its name."""
        ids = self.compose("ps", "-q").split()
        found = json.loads(self.run("docker", "inspect", *ids)) if ids else []
        return {
            each["Config"]["Labels"][SERVICE]: each["State"]["Health"]["Status"] for each in found
        }


@contextmanager
def docker(containers: Containers) -> Iterator[None]:
    """Run our own dockerd during the block."""
    folder = containers.folder
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(  # noqa: S603
            [
                *(str(shutil.which("dockerd")), "-H", f"unix://{folder}/docker.sock"),
                *("--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"),
                *("--pidfile", f"{folder}/dockerd.pid"),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: "Server Version" in containers.run("docker", "info", check=False),
            f"dockerd (its log is {folder / 'dockerd.log'})",
            seconds=60,
            alive=lambda: daemon.poll() is None,
        )
        yield
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
