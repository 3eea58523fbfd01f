"""The plug-in that `LAMBDA_RUNTIME_EXECUTOR=process` chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

if TYPE_CHECKING:
    from lambda_process.executor import ProcessExecutor


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Imports the executor only when it is chosen, because LocalStack imports every plug-in."""

    name = "process"

    def load(self, *args: object, **kwargs: object) -> type[ProcessExecutor]:
        """The class of the executor; LocalStack makes an object for each execution environment."""
        del args, kwargs
        from lambda_process.executor import ProcessExecutor  # noqa: PLC0415

        return ProcessExecutor
