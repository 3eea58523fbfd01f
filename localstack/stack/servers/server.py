"""The base class of all servers: prepare, start and wait until healthy, stop, kill."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from stack.ports import claim_port
from stack.process import Command, Process
from stack.waiting import NotReadyError, wait_until

if TYPE_CHECKING:
    from pathlib import Path


class Server(ABC):
    """A server on 127.0.0.1:`port`; its files, pid and log are in `folder`."""

    name: str
    start_seconds = 30.0
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @cached_property
    def process(self) -> Process:
        """The detached process, running or not."""
        return Process(self.folder / f"{self.name}.pid", self.folder / f"{self.name}.log")

    @abstractmethod
    def prepare(self) -> Command:
        """Make the server's files unless they are there; returns the command that runs it."""

    @abstractmethod
    def healthy(self) -> bool:
        """Whether it answers in its own protocol."""

    @abstractmethod
    def version(self) -> str:
        """Name and version of the installed program."""

    def ports(self) -> tuple[int, ...]:
        """Every port on which it listens."""
        return (self.port,)

    def start(self) -> None:
        """Start it unless it runs, and wait until it is healthy; raises `NotReadyError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.process.find() is None:
            for port in self.ports():
                claim_port(port, self.name)
        self.process.start(self.prepare())
        try:
            wait_until(
                self.healthy,
                self.name,
                seconds=self.start_seconds,
                alive=lambda: self.process.find() is not None,
            )
        except NotReadyError as error:
            raise NotReadyError(f"{error}\n{self.process.tail()}") from error

    def stop(self) -> None:
        """Stop it gracefully; its data stays on disk."""
        self.process.stop(self.stop_signal)

    def kill(self) -> None:
        """Kill its whole group (SIGKILL), as in a crash."""
        self.process.kill()

    def remove(self) -> None:
        """Remove its pid and log files, and all it has outside of `folder`; it must be down."""
        self.process.pid_file.unlink(missing_ok=True)
        self.process.log_file.unlink(missing_ok=True)
