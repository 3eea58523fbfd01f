"""A local stack for the tests, which use its command line as a user does."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psycopg2
import psycopg2.extras

from stack.client import Client
from stack.ports import bindable
from stack.servers.mail import Mail
from stack.settings import FUNCTION_PARAMETERS, Settings
from stack.stack import Stack
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stack.outputs import Outputs

PORTS = (
    "API_PORT",
    "ENGINE_PORT",
    "POSTGRES_PORT",
    "REDIS_PORT",
    "MAIL_PORT",
    "MAIL_PAGE_PORT",
    "MAILBOX_PORT",
)
OPTIONS = {
    "API_KEYS": "required",
    "CALLBACK_SECRET": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
    "CALLBACK_ALLOW": "127.0.0.2/32",
    "EVENT_BUS": "jobs",
}
"""Settings that turn on all that is off by default."""
UNANNOUNCED = "00000000-0000-0000-0000-000000000001"
"""A job with a row and no entry in a queue, for the schedule to find."""
# Variables that would change the stack, and those that one `make` passes to the next.
FOREIGN = {
    *("DATABASE_URL", "REDIS_URL", "MAIL_HOST", "AWS_ENDPOINT_URL", "ENGINE"),
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    *FUNCTION_PARAMETERS,
}


def _free_ports() -> Iterator[int]:
    """Free ports outside the range that the system assigns; each process begins at its own place.

    A stack listens on its ports seconds after they were chosen: nobody may get them meanwhile.
    """
    first = 10_000 + os.getpid() * len(PORTS) % 20_000
    return (port for port in range(first, 32_768) if bindable(port))


@dataclass(frozen=True)
class LocalStack:
    """A local stack; `folder` has its state and exports, `chosen` are its variables.

    `key`: an API key with all scopes, where the API requires one.
    """

    folder: Path
    chosen: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None

    @classmethod
    def on_free_ports(cls, folder: Path, **options: str) -> LocalStack:
        """A stack on free ports, with the engine that ENGINE names, and the settings `options`."""
        ports = dict(zip(PORTS, map(str, islice(_free_ports(), len(PORTS))), strict=True))
        state, output = folder / "state", folder / "output"
        return cls(
            folder,
            {
                **ports,
                "SLUICE_STATE": str(state),
                "OUTPUT_DIR": str(output),
                "ENGINE": os.environ.get("ENGINE") or "ministack",
                **options,
            },
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command for this stack."""
        inherited = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {**inherited, **self.chosen}

    def command(
        self, *words: str, check: bool = True, also: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `python -m stack …` with further variables `also`; returns status and output."""
        done = subprocess.run(
            [sys.executable, "-m", "stack", *words],
            env={**self.environment, **(also or {})},
            text=True,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done

    @property
    def parts(self) -> Stack:
        """The same stack as an object, for example to kill parts of it."""
        return Stack(Settings.read(self.chosen))

    @property
    def outputs(self) -> Outputs:
        """The outputs of the deployment."""
        outputs = self.parts.outputs
        assert outputs is not None
        return outputs

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://localhost:{self.chosen['API_PORT']}"

    @property
    def api(self) -> Client:
        """A client of the API."""
        return Client(self.url, self.key)

    def cancel_open(self) -> None:
        """Cancel every pending job, so that none disturbs the next test."""
        page: dict[str, Any] = {"next": ""}
        while (cursor := page["next"]) is not None:
            more = f"&cursor={cursor}" if cursor else ""
            status, page = call(f"{self.url}/jobs?status=pending&limit=200{more}")
            assert status == 200, page
            for job in page["jobs"]:
                call(f"{self.url}/jobs/{job['id']}", method="DELETE")

    @property
    def output(self) -> Path:
        """The folder for exports."""
        return Path(self.chosen["OUTPUT_DIR"])

    @property
    def mail(self) -> Mail:
        """The mail catcher."""
        mail = self.parts.services[2].server
        assert isinstance(mail, Mail)
        return mail

    def aws(self, service: Any) -> Any:
        """A boto3 client of the engine."""
        return boto3.client(service, **self._aws)

    @property
    def _aws(self) -> dict[str, Any]:
        return {
            "endpoint_url": f"http://127.0.0.1:{self.chosen['ENGINE_PORT']}",
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }

    def logged(self, function: str, since: float) -> list[str]:
        """The log lines of `function` from `since` (seconds since the epoch) on."""
        pages = self.aws("logs").get_paginator("filter_log_events")
        asked = {"logGroupName": f"/aws/lambda/{function}", "startTime": round(since * 1000)}
        return [str(each["message"]) for page in pages.paginate(**asked) for each in page["events"]]

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Run a statement; returns its rows."""
        url = self.parts.services[0].address
        factory = psycopg2.extras.RealDictCursor
        with (
            closing(psycopg2.connect(url, cursor_factory=factory)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []
