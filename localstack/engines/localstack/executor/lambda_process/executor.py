"""The executor that LocalStack calls: it connects LocalStack with our execution environments."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.runtime import events
from localstack.services.lambda_.invocation.lambda_models import (
    HotReloadingCode,
    InvocationResult,
    S3Code,
)
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from lambda_process.addresses import reachable
from lambda_process.code import CodeStore, state_of
from lambda_process.environment import Environment
from lambda_process.interpreters import interpreter_for
from lambda_process.invocation import Invocation
from lambda_process.late_output import write_late_output
from lambda_process.layout import variables
from lambda_process.runtime import Launch
from lambda_process.runtime_api import LOOPBACK

if TYPE_CHECKING:
    from localstack.services.lambda_.invocation.lambda_models import FunctionVersion

Archive = S3Code | HotReloadingCode

GRACE_SECONDS = float(os.environ.get("LAMBDA_PROCESS_GRACE_SECONDS", "5"))

store = CodeStore(Path(tempfile.gettempdir()) / "lambda-process" / str(os.getpid()))


class ProcessExecutor(RuntimeExecutor):
    """One execution environment, run as a process on this machine."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._environment: Environment | None = None
        self._variables: dict[str, str] = {}

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack code and layers; raises `UnsupportedRuntimeError` if the runtime is no Python."""
        interpreter_for(str(function_version.config.runtime))
        for code in _archives(function_version):
            code.prepare_for_execution()
            _keep(code)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Give up the unpacked code; it is removed when the last process that runs it ends."""
        for code in _archives(function_version):
            _let_go(code)

    def start(self, env_vars: dict[str, str]) -> None:
        """Start the process; the first call reports a function that cannot be loaded."""
        python = interpreter_for(str(self.function_version.config.runtime))
        code, *layers = [_keep(archive) for archive in _archives(self.function_version)]
        scratch = Path(tempfile.mkdtemp(prefix="lambda-"))
        self._variables = variables(env_vars, python, code, layers, scratch)
        launch = Launch(python.path, self._variables["_HANDLER"], self._variables, code)

        def ended() -> None:
            shutil.rmtree(scratch, ignore_errors=True)
            for archive in _archives(self.function_version):
                _let_go(archive)

        memory_mb = self.function_version.config.memory_size
        self._environment = Environment(launch, memory_mb, ended, self._state)
        self._environment.start()

    def stop(self) -> None:
        """Stop at once if LocalStack stops, otherwise after the running call, as on AWS."""
        if self._environment is None:
            return
        if events.infra_stopping.is_set():
            self._environment.stop(GRACE_SECONDS)
        else:
            self._environment.retire(GRACE_SECONDS)

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run one call; raises `StoppedError` if LocalStack stops before it ends."""
        assert self._environment  # noqa: S101
        invocation = Invocation(
            request_id=payload["invoke-id"],
            payload=payload["payload"].encode() or b"{}",
            function_arn=payload["invoked-function-arn"],
            seconds=self.function_version.config.timeout,
            trace_id=payload["trace-id"],
            version=self.function_version.id.qualifier,
        )
        ending, text = self._environment.invoke(invocation)
        if self._environment.retired:
            # LocalStack does not read the log of a version that it has replaced.
            write_late_output(self.function_version.id, self._variables, text)
        return InvocationResult(
            request_id=invocation.request_id,
            payload=ending.payload,
            is_error=ending.error_type is not None,
            logs=text,
        )

    def _state(self) -> object:
        code = self.function_version.config.code
        return state_of(_keep(code)) if isinstance(code, HotReloadingCode) else None

    def get_address(self) -> str:
        """The host of the process."""
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        """The host at which the process reaches LocalStack."""
        host, _ = reachable()
        return host

    def get_runtime_endpoint(self) -> str:
        """Nothing: the process gets its endpoint in AWS_LAMBDA_RUNTIME_API."""
        return ""

    def get_logs(self) -> str:
        """Nothing: each call's result contains its log."""
        return ""


def _archives(version: FunctionVersion) -> list[Archive]:
    """The function's code, then its layers, in the order in which they are applied."""
    codes = [version.config.code, *(layer.code for layer in version.config.layers)]
    return [code for code in codes if code is not None]


def _keep(code: Archive) -> Path:
    if isinstance(code, HotReloadingCode):
        # The user's own folder, which is run in place.
        return Path(code.get_unzipped_code_location())
    return store.acquire(code.id, code.get_unzipped_code_location())


def _let_go(code: Archive) -> None:
    if not isinstance(code, HotReloadingCode):
        store.release(code.id)
