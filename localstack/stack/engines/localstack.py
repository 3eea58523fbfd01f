"""LocalStack's own code, run on this machine without Docker: functions are processes."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from http.client import OK
from typing import TYPE_CHECKING

from stack.engines.engine import CREDENTIALS, REGION, Engine
from stack.environments import install, python_version, required_python, search_path
from stack.interpreters import find_python
from stack.paths import ENGINES, LAMBDA_RUNTIME
from stack.ports import LOOPBACK
from stack.process import Command
from stack.surroundings import for_part
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROJECT = ENGINES / "localstack"
GRACE_SECONDS = 8
"""For a running call when the engine stops; less than the engine itself gets."""


class LocalStack(Engine):
    """LocalStack 4.14 in host mode, on a Python of its own."""

    title = "localstack"
    keeps_state = False
    start_seconds = 120.0

    def prepare(self) -> Command:
        """Install LocalStack and the functions' Python environment."""
        programs = installed()
        return Command(
            [str(programs / "python"), "-m", "localstack.runtime.main"],
            env=self._settings(),
            cwd=self.scratch,
        )

    def _settings(self) -> Mapping[str, str]:
        return {
            **for_part(),
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "HOME": str(self.scratch),
            "TMPDIR": str(self.scratch),
            # Its index of plug-ins goes here, because that in the user's cache may be stale.
            "XDG_CACHE_HOME": str(self.scratch / "cache"),
            "FILESYSTEM_ROOT": str(self.folder / "localstack"),
            "GATEWAY_LISTEN": f"{LOOPBACK}:{self.port}",
            # The default server listens on every address, whatever GATEWAY_LISTEN says.
            "GATEWAY_SERVER": "hypercorn",
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "S3_SKIP_SIGNATURE_VALIDATION": "0",
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            "LAMBDA_PROCESS_PYTHONS": self.function_python(),
            "LAMBDA_PROCESS_GRACE_SECONDS": str(GRACE_SECONDS),
            "PYTHONUNBUFFERED": "1",
        }

    def healthy(self) -> bool:
        """Whether its health page answers 200."""
        try:
            status, _ = call(f"{self.endpoint()}/_localstack/health", seconds=2)
        except (OSError, ValueError):
            return False
        return status == OK

    def version(self) -> str:
        """The version that its project pins."""
        pinned = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
        core = next(str(pin) for pin in pinned if pin.startswith("localstack-core"))
        return f"localstack {core.partition('==')[2]}"

    def python_version(self) -> str:
        """That of the functions' own environment, which has the packages of AWS's runtime."""
        return python_version(LAMBDA_RUNTIME)

    def function_python(self) -> str:
        """The interpreter of that environment."""
        return str(LAMBDA_RUNTIME / ".venv" / "bin" / "python")

    def gateway_url(self, api_id: str, stage: str) -> str:
        """A URL with the API in its path, so that no host name has to be resolved."""
        return f"{self.endpoint()}/_aws/execute-api/{api_id}/{stage}"


@cache
def installed() -> Path:
    """Make both environments match their locks; returns LocalStack's folder of programs."""
    find_python(required_python(PROJECT), "LocalStack")
    install(LAMBDA_RUNTIME)
    return install(PROJECT, path=search_path(os.environ))
