"""What the stack needs of an AWS emulator."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import boto3

from stack.ports import LOOPBACK
from stack.servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REGION = "us-east-1"
TITLE = "engine.title"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Engine(Server):
    """An emulator of AWS on 127.0.0.1:`port`: it runs functions and keeps what they use.

    Started, stopped and asked for its health like any server.
    """

    name = "engine"
    title: str
    """The name to choose it by, with `ENGINE=`."""
    keeps_state = True
    """Whether what was deployed is there again after a clean stop and a start."""

    def start(self) -> None:
        """As any server; what was started is written down for commands that do not say it."""
        if not self.keeps_state and self.process.find() is None:
            # What functions left there that were killed with it.
            shutil.rmtree(self.scratch)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / TITLE).write_text(self.title)
        super().start()

    def endpoint(self) -> str:
        """The URL that every AWS client of this engine is given."""
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> Mapping[str, str]:
        """What makes an AWS client talk to this engine."""
        return {
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint(),
        }

    def client(self, service: Any) -> Any:
        """A boto3 client of this engine, whatever the environment says."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint(),
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def forgot(self) -> bool:
        """Whether what was deployed may be gone: for one that does not run, and keeps no state.

        After a crash the state of the last clean stop comes back, which need not be the last one.
        """
        return self.process.died() or (not self.keeps_state and self.process.find() is None)

    @abstractmethod
    def python_version(self) -> str:
        """The Python that functions run on, as `3.13`: what is shipped is built for it."""

    @abstractmethod
    def function_python(self) -> str:
        """The path of the interpreter that runs functions; the engine is installed."""

    @abstractmethod
    def gateway_url(self, api_id: str, stage: str) -> str:
        """Where the emulated gateway answers for one API, without a slash at the end."""

    def complete_gateway(self) -> None:
        """Put into the gateway what the engine has not understood of the template."""

    @property
    def scratch(self) -> Path:
        """A folder for its temporary files, so that none are left elsewhere."""
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
