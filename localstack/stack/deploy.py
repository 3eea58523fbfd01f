"""Deploy the repository into the local engine, if it changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from stack import admin
from stack.build_digest import build_digest
from stack.import_check import ImportCheck
from stack.outputs import Outputs
from stack.sam import STACK_NAME, DeployError, Sam
from stack.waiting import NotReadyError, wait_until
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stack.stack import Stack

MAX_API_SECONDS = 90.0
MAX_ANSWER_SECONDS = 15.0
UNKNOWN_KEY = f"sluice_{'0' * 16}_{'0' * 43}"
"""A well-formed API key that does not exist: the API looks it up in the database."""


@dataclass(frozen=True)
class Deployment:
    """The deployment of this repository into the engine of `stack`."""

    stack: Stack

    def current(self) -> bool:
        """Whether the engine runs the present sources and parameters already."""
        return self._stamp.exists() and self._stamp.read_text() == self._digest

    def forget(self) -> None:
        """Forget the deployment: the engine may have lost it."""
        self._stamp.unlink(missing_ok=True)
        Outputs.forget(self.stack.state)

    def check(self) -> None:
        """Raise `DeployError`, which names file and line, unless the job types can be imported."""
        engine = self.stack.engine
        folder = self.stack.state / "import_check"
        ImportCheck(engine.function_python(), engine.python_version(), folder).run()

    def build(self) -> None:
        """Check and build the sources; needs no running engine. Raises `DeployError`."""
        self.check()
        self._stamp.unlink(missing_ok=True)
        self._sam.build()

    def release(self) -> None:
        """Deploy the build; raises `DeployError`."""
        self._sam.deploy(self.parameters)
        engine = self.stack.engine
        engine.complete_gateway()
        Outputs.look_up(STACK_NAME, engine.client, engine.gateway_url).write(self.stack.state)

    def check_functions(self) -> None:
        """Bring the schema up to date, and raise `DeployError` unless every function could work.

        The deployment counts as done after that only: the next `make deploy` repeats it otherwise.
        """
        outputs = self.stack.deployed()
        client = self.stack.engine.client("lambda", config=admin.CALL)
        try:
            admin.check(client, outputs.poller_function, outputs.api_function)
        finally:
            self._recover(outputs)
        self._await_api(outputs)
        self._stamp.write_text(self._digest)

    def remove(self) -> None:
        """Delete the stack; the bucket with the exports stays. Raises `DeployError`."""
        self.forget()
        self._sam.delete()

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The template's parameters."""
        database, queue, mail = self.stack.services
        mail_at = urlsplit(mail.address)
        return {
            **self.stack.settings.parameters,
            "DatabaseUrl": database.address,
            "RedisUrl": queue.address,
            "MailHost": self.stack.settings.mail_host or str(mail_at.hostname),
            "MailPort": str(mail_at.port),
            "Mirror": "true",
            "ReserveConcurrency": "false",
            "ThrottleRate": "0",
            "PythonRuntime": f"python{self.stack.engine.python_version()}",
        }

    @property
    def _sam(self) -> Sam:
        return Sam(self.stack.engine, self.stack.state / "sam")

    @property
    def _stamp(self) -> Path:
        return self.stack.state / "deployed"

    @cached_property
    def _digest(self) -> str:
        engine = self.stack.engine
        return build_digest({**self.parameters, "engine": f"{engine.title} {engine.endpoint()}"})

    def wake_poller(self) -> None:
        """Invoke the poller, so that jobs which waited for the stack do not wait for the schedule.

        Does nothing if nothing is deployed. Raises `BotoCoreError` or `ClientError`.
        """
        if outputs := self.stack.outputs:
            self._recover(outputs)

    def _recover(self, outputs: Outputs) -> None:
        """Start a poller as the schedule does: it also recovers jobs of an earlier run."""
        self.stack.engine.client("lambda").invoke(
            FunctionName=outputs.poller_function,
            InvocationType="Event",
            Payload=b'{"schedule": "deployment"}',
        )

    def _await_api(self, outputs: Outputs) -> None:
        """Wait until the API answers by way of the gateway."""
        unknown_job = f"{outputs.gateway_url}/jobs/{UUID(int=0)}"
        last: object = None

        def answers() -> bool:
            nonlocal last
            try:
                status, last = call(unknown_job, key=UNKNOWN_KEY, seconds=MAX_ANSWER_SECONDS)
            except (OSError, ValueError) as error:
                last = error
                return False
            return status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED)

        try:
            wait_until(answers, "the API", seconds=MAX_API_SECONDS, every=0.2)
        except NotReadyError as error:
            raise DeployError(f"{error}; the API's last answer: {last}") from error
