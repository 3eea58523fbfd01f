"""The default engine: ministack, pure Python, no Docker."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from http.client import OK
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from stack.engines.engine import CREDENTIALS, REGION, Engine
from stack.environments import install, python_version
from stack.logs import FileLog
from stack.paths import ENGINES
from stack.ports import LOOPBACK
from stack.process import Command
from stack.surroundings import for_part
from stack.waiting import NotReadyError, wait_until
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.logs import Log

PROJECT = ENGINES / "ministack"

MAX_FINISH_SECONDS = 10.0
ANY = "ANY"


class Ministack(Engine):
    """ministack, with everything switched off that listens beside HTTP on loopback."""

    title = "ministack"

    def prepare(self) -> Command:
        """Install ministack."""
        programs = install(PROJECT)
        program = [str(programs / "python"), str(PROJECT / "start.py")]
        return Command(program, env=self._settings(), cwd=self.scratch)

    def _settings(self) -> Mapping[str, str]:
        # Functions inherit the engine's environment.
        return {
            **for_part(),
            **CREDENTIALS,
            # No file of the user's home folder changes a function's AWS clients or packages.
            "HOME": str(self.scratch),
            "MINISTACK_REGION": REGION,
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self.scratch),
            "FUNCTION_LOGS": str(self._function_logs),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.folder / "s3"),
            "PYTHONUNBUFFERED": "1",
        }

    def healthy(self) -> bool:
        """Whether its health page answers 200."""
        try:
            status, _ = call(f"{self.endpoint()}/_ministack/health", seconds=2)
        except (OSError, ValueError):
            return False
        return status == OK

    def stop(self) -> None:
        """Let running functions end before the engine stops, because they use it."""
        workers = self.process.members()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.terminate()
        with suppress(NotReadyError):
            wait_until(
                lambda: not any(map(_busy, workers)), "functions", seconds=MAX_FINISH_SECONDS
            )
        super().stop()

    def function_log(self, function: str, backlog: int) -> Log:
        """Its file: each line as soon as it is written."""
        return FileLog(self._function_logs / f"{function}.log", backlog)

    @property
    def _function_logs(self) -> Path:
        return self.folder / "functions"

    def version(self) -> str:
        """The version that its project pins."""
        pinned = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
        return next(str(pin).replace("==", " ") for pin in pinned if pin.startswith("ministack=="))

    def python_version(self) -> str:
        """That of the engine: functions run on the engine's own interpreter."""
        return python_version(PROJECT)

    def function_python(self) -> str:
        """The engine's own interpreter."""
        return str(PROJECT / ".venv" / "bin" / "python")

    def gateway_url(self, api_id: str, stage: str) -> str:
        """A URL with the API in its path, so that no host name has to be resolved."""
        return f"{self.endpoint()}/restapis/{api_id}/{stage}/_user_request_"

    def complete_gateway(self) -> None:
        """Add the method ANY to each path with methods: ministack's import loses it."""
        gateway = self.client("apigateway")
        for api in gateway.get_rest_apis()["items"]:
            self._complete(gateway, api["id"])

    @staticmethod
    def _complete(gateway: Any, api_id: str) -> None:
        pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
        for resource in pages.search("items"):
            methods = resource.get("resourceMethods", {})
            if not methods or ANY in methods:
                continue
            where = {"restApiId": api_id, "resourceId": resource["id"]}
            like = gateway.get_integration(**where, httpMethod=next(iter(methods)))
            gateway.put_method(**where, httpMethod=ANY, authorizationType="NONE")
            gateway.put_integration(
                **where,
                httpMethod=ANY,
                type="AWS_PROXY",
                integrationHttpMethod="POST",
                uri=like["uri"],
            )


def _busy(worker: psutil.Process) -> bool:
    """Whether a function runs in this process; an idle one waits in a read of its next event.

    If the system does not tell where the process waits, it counts as busy.
    """
    try:
        if worker.status() == psutil.STATUS_ZOMBIE:
            return False
        return not Path(f"/proc/{worker.pid}/wchan").read_text().endswith("pipe_read")
    except (psutil.NoSuchProcess, FileNotFoundError):
        return worker.is_running()
