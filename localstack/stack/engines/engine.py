"""The interface that the stack needs of an AWS emulator."""

from __future__ import annotations

import os
import shutil
from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from stack.logs import GroupLog
from stack.ports import LOOPBACK
from stack.servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stack.logs import Log

REGION = "us-east-1"
TITLE = "engine.title"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@cache
def _session() -> boto3.Session:
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    return boto3.Session(
        botocore_session=botocore.session.Session(
            {"profile": nothing, "config_file": no_file, "credentials_file": no_file}
        )
    )


class Engine(Server):
    """An AWS emulator on 127.0.0.1:`port`, which runs functions and serves what they use."""

    name = "engine"
    title: str
    """The name by which `ENGINE=` chooses it."""
    keeps_state = True
    """Whether a deployment survives a clean stop."""

    def start(self) -> None:
        """Start it, and keep its title for later commands without `ENGINE=`."""
        if not self.keeps_state and self.process.find() is None:
            # Functions that were killed with the engine left files there.
            shutil.rmtree(self.scratch)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / TITLE).write_text(self.title)
        super().start()

    def endpoint(self) -> str:
        """The URL for every AWS client of this engine."""
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> Mapping[str, str]:
        """The variables that make an AWS client talk to this engine."""
        return {
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint(),
        }

    def client(self, service: Any, config: Config | None = None) -> Any:
        """A boto3 client of this engine; the user's profiles and proxies have no influence.

        `config`: further settings of the client.
        """
        return _session().client(
            service,
            endpoint_url=self.endpoint(),
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}).merge(config or Config()),
        )

    def forgot(self) -> bool:
        """Whether the deployment may be gone.

        It is gone after every stop of an engine that keeps no state. After a crash, an engine that
        keeps state restores that of the last clean stop, which may be older.
        """
        return self.process.died() or (not self.keeps_state and self.process.find() is None)

    @abstractmethod
    def python_version(self) -> str:
        """The version of the functions' Python, as `3.13`; the layer is built for it."""

    @abstractmethod
    def function_python(self) -> str:
        """The path of the functions' Python, once the engine is installed."""

    @abstractmethod
    def gateway_url(self, api_id: str, stage: str) -> str:
        """The URL of one stage of an API, without a slash at the end."""

    def function_log(self, function: str, backlog: int) -> Log:
        """The log of a function, with `backlog` earlier lines at most."""
        return GroupLog(self.client("logs"), f"/aws/lambda/{function}", backlog)

    def complete_gateway(self) -> None:
        """Add what the engine's import of the template has left out of the gateway."""

    @property
    def scratch(self) -> Path:
        """A folder for the engine's temporary files."""
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
