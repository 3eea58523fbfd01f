"""Runs SAM's command line, from an environment of its own, against the local engine."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stack.engines.engine import REGION
from stack.environments import install, uv
from stack.paths import ROOT, SAM
from stack.surroundings import NO_AWS_FILES, for_download

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stack.engines.engine import Engine

STACK_NAME = "sluice"
ARTIFACTS = "sluice-artifacts"


class DeployError(Exception):
    """The check, the build, the deployment or the first run of the poller failed."""


@dataclass(frozen=True)
class Sam:
    """Builds and deploys into `engine`; `folder` keeps the build and SAM's output."""

    engine: Engine
    folder: Path

    def build(self) -> None:
        """Build the functions and the layer for the engine's Python; raises `DeployError`."""
        self._run(
            "build",
            *("--template-file", str(ROOT / "template.yaml")),
            *("--build-dir", str(self._built)),
            "--parallel",
        )

    def deploy(self, parameters: Mapping[str, str]) -> None:
        """Create or update the stack from the build; raises `DeployError`."""
        with self._parameter_file(parameters) as overrides:
            self._deploy(overrides)

    def _deploy(self, overrides: str) -> None:
        self._run(
            "deploy",
            *("--template-file", str(self._built / "template.yaml")),
            *("--stack-name", STACK_NAME),
            *("--region", REGION),
            *("--capabilities", "CAPABILITY_IAM"),
            # Without it SAM creates a bucket by a stack of its own, which takes 15 s.
            *("--s3-bucket", self._bucket()),
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--no-progressbar",
            *("--parameter-overrides", overrides),
        )

    def delete(self) -> None:
        """Delete the stack; raises `DeployError`."""
        self._run("delete", *("--stack-name", STACK_NAME), *("--region", REGION), "--no-prompts")

    def _bucket(self) -> str:
        """The bucket for SAM's artefacts, created if it is missing."""
        s3 = self.engine.client("s3")
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=ARTIFACTS)
        return ARTIFACTS

    @contextmanager
    def _parameter_file(self, parameters: Mapping[str, str]) -> Iterator[str]:
        """A file of parameters for `--parameter-overrides`, which others cannot read.

        On the command line every user could see them, and SAM would take some of them apart.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "parameters.yaml"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        lines = (f"{name}: {_scalar(value)}\n" for name, value in parameters.items())
        path.write_text("".join(lines), encoding="ascii")
        try:
            yield f"file://{path}"
        finally:
            path.unlink()

    @property
    def _built(self) -> Path:
        return self.folder / "build"

    def _run(self, command: str, *options: str) -> None:
        program = install(SAM) / "sam"
        done = subprocess.run(  # noqa: S603
            [str(program), command, *options],
            cwd=ROOT,
            env=self._environment(),
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{command}.log").write_text(done.stdout)
        if done.returncode:
            raise DeployError(f"sam {command} failed:\n{done.stdout.strip()}")

    def _environment(self) -> Mapping[str, str]:
        return {
            **for_download(),
            **NO_AWS_FILES,
            **self.engine.environment(),
            # The layer's Makefile calls uv, which need not be on the user's path.
            "PATH": os.pathsep.join([str(Path(uv()).parent), os.environ.get("PATH", "")]),
            "UV": "uv",
            "LAYER_PYTHON": self.engine.python_version(),
            "LAYER_PLATFORM": "host",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
        }


def _scalar(value: str) -> str:
    """`value` as a YAML scalar which SAM reads as `value`.

    SAM removes a backslash before each space and quote, in a file too, and for a file twice.
    """
    for special in " \"'" * 2:
        value = value.replace(special, f"\\{special}")
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    plain = character.isascii() and character.isprintable() and character not in '"\\'
    return character if plain else rf"\U{ord(character):08x}"
