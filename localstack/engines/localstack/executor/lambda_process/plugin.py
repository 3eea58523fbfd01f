"""What LocalStack finds by `LAMBDA_RUNTIME_EXECUTOR=process`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

if TYPE_CHECKING:
    from lambda_process.executor import ProcessExecutor


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Loads the executor only when it is asked for: LocalStack imports every plugin at start."""

    name = "process"

    def load(self, *args: object, **kwargs: object) -> type[ProcessExecutor]:
        """The class that LocalStack makes one of for each execution environment."""
        del args, kwargs
        from lambda_process.executor import ProcessExecutor  # noqa: PLC0415

        return ProcessExecutor
