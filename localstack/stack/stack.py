"""The local stack: its parts, and the order in which they start and stop."""

from __future__ import annotations

import fcntl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from stack.engines import engine_in
from stack.local_services import Front, Mirror, Supervisor
from stack.outputs import Outputs
from stack.ports import claim_port
from stack.services import services
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.engines.engine import Engine
    from stack.servers.server import Server
    from stack.services import Service
    from stack.settings import Settings


class Stack:
    """One local stack, running or not."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = settings.state

    @cached_property
    def services(self) -> tuple[Service, Service, Service]:
        """PostgreSQL, Redis and mail, each ours or the user's own."""
        return services(self.settings)

    @cached_property
    def engine(self) -> Engine:
        """The AWS emulator."""
        return engine_in(self.state, self.settings.engine, self.settings.ports.engine)

    @cached_property
    def front(self) -> Front:
        """The proxy in front of the API."""
        return Front(self.state, self.settings.ports.api)

    @cached_property
    def mirror(self) -> Mirror:
        """The copier of exports."""
        return Mirror(self.state, self.settings.output, self.engine.environment())

    @cached_property
    def supervisor(self) -> Supervisor:
        """The process that restarts parts that died."""
        return Supervisor(self.state)

    @property
    def parts(self) -> list[Server]:
        """The servers that we run, in the order of starting."""
        ours = [service.server for service in self.services if service.server]
        return [*ours, self.engine, self.front, self.mirror]

    @property
    def outputs(self) -> Outputs | None:
        """The outputs of the deployment; None if nothing is deployed."""
        return Outputs.read(self.state)

    def deployed(self) -> Outputs:
        """The outputs of the deployment; raises `NotReadyError` if nothing is deployed."""
        if self.outputs is None:
            raise NotReadyError("the stack is not up: run `make up`")
        return self.outputs

    def check(self) -> None:
        """Raise `PortTakenError` or `NotReadyError` if `start` cannot succeed."""
        for part in self.parts:
            if part.process.find() is None:
                for port in part.ports():
                    claim_port(port, part.name)
        for service in self.services:
            service.require()

    def start(self) -> None:
        """Start all parts but the mirror in parallel; raises the first `NotReadyError`."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda part: part.start(), self.parts[:-1]))

    def stop(self) -> None:
        """Stop the parts in reverse order, so that none loses a part that it needs."""
        self.supervisor.stop()
        for part in reversed(self.parts):
            part.stop()

    @property
    def mail_page(self) -> str:
        """The URL of our mail catcher's page."""
        return f"http://localhost:{self.settings.ports.mail_page}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock with which one command at a time changes the stack."""
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
