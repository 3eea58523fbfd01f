"""The parts of the stack whose programs are in this package: front, mirror, supervisor."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from stack.outputs import Outputs
from stack.ports import listens
from stack.process import Command
from stack.servers.server import Server
from stack.settings import VARIABLES
from stack.surroundings import NO_AWS_FILES, for_download, for_part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Front(Server):
    """Serves the API on a plain localhost port."""

    name = "front"

    def prepare(self) -> Command:
        """Nothing to make."""
        program = (sys.executable, "-m", "stack.front")
        return Command([*program, "--port", str(self.port), "--state", str(self.folder)])

    def healthy(self) -> bool:
        """Whether it accepts connections."""
        return listens(self.port)

    def version(self) -> str:
        """Of the library that does the work."""
        return f"aiohttp {version('aiohttp')}"


class Mirror(Server):
    """Copies exports into the output folder; it listens on no port."""

    name = "mirror"

    def __init__(self, folder: Path, output: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, 0)
        self.output = output
        self.environment = environment

    def ports(self) -> tuple[int, ...]:
        """None."""
        return ()

    def prepare(self) -> Command:
        """Nothing to make."""
        program = (sys.executable, "-m", "stack.mirror")
        return Command(
            [*program, "--state", str(self.folder), "--output", str(self.output)],
            env={**for_part(), **NO_AWS_FILES, **self.environment},
        )

    def healthy(self) -> bool:
        """Whether it runs and there is a deployment to mirror."""
        return self.process.find() is not None and Outputs.read(self.folder) is not None

    def version(self) -> str:
        """Of the library that does the work."""
        return f"localstack-client {version('localstack-client')}"


class Supervisor(Server):
    """Restarts parts that have died."""

    name = "supervisor"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 0)

    def ports(self) -> tuple[int, ...]:
        """None."""
        return ()

    def prepare(self) -> Command:
        """Nothing to make; it reads the settings from the environment, as every command."""
        chosen = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        program = [sys.executable, "-m", "stack.supervisor"]
        return Command(program, env={**for_download(), **chosen})

    def healthy(self) -> bool:
        """Whether it runs."""
        return self.process.find() is not None

    def version(self) -> str:
        """Of this program."""
        return f"sluice {version('sluice')}"
