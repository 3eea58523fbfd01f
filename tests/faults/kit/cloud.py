"""As much of AWS as a poller meets: invocations, warm environments, failures, the schedule."""

from __future__ import annotations

import json
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Any, Self

from faults.kit.environment import DiedError, Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SCHEDULE = {"schedule": "rate(1 minute)"}
EVENT_AGE = 60.0
"""Seconds an asynchronous event waits for an environment before it is dropped."""


@dataclass(frozen=True, slots=True)
class Death:
    """A failed invocation: when (monotonic), in which environment, with which exit status."""

    at: float
    pid: int
    faults: str
    status: int


@dataclass
class Cloud:
    """Runs the poller. `most` environments at a time; `seconds` an invocation may take.

    A failed invocation leads to a new one, as the failure destination has it. As a `Waker` it is
    what the API wakes pollers with; pollers wake each other over HTTP, at `url`.
    """

    log: Path
    variables: Mapping[str, str]
    most: int = 4
    seconds: float = 300.0
    deaths: list[Death] = field(default_factory=list)
    wakes: int = 0
    ticks: int = 0
    url: str = ""
    _arms: deque[str] = field(default_factory=deque)
    _free: list[Environment] = field(default_factory=list)
    _busy: list[Environment] = field(default_factory=list)
    _asked: int = 0
    _started: int = 0
    _changed: Condition = field(default_factory=Condition)
    _closed: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        door = type("Door", (_Door,), {"cloud": self})
        self._server = _Server(("127.0.0.1", 0), door)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._spawn(lambda: self._server.serve_forever(poll_interval=0.05))
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            for each in self._busy:
                each.signal(signal.SIGKILL)
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for each in self._free:
            each.end()

    def arm(self, *faults: str) -> None:
        """The next new environments have these points armed, one each."""
        self._arms.extend(faults)

    def disarm(self) -> None:
        """No more environments are armed; those that are and did not come to their point end."""
        self._arms.clear()
        with self._changed:
            for each in self._free:
                each.end()
            self._free.clear()

    def invoke(self, event: object) -> None:
        """Asynchronously: the answer is lost, a failure is not."""
        with self._changed:
            self._asked += 1
        self._spawn(lambda: self._run(event))

    def wake(self, *, hop: int = 0, wait_for_leases: bool = False) -> bool:
        """As the port `Waker` has it."""
        self.wakes += 1
        self.invoke({"wake": {"hop": hop, "wait_for_leases": wait_for_leases}})
        return True

    def tick(self) -> None:
        """What the schedule does every minute."""
        self.ticks += 1
        self.invoke(SCHEDULE)

    def tick_every(self, seconds: float) -> None:
        """Do it again and again until the end."""

        def run() -> None:
            while not self._closed.wait(seconds):
                self.tick()

        self._spawn(run)

    @property
    def busy(self) -> list[Environment]:
        """Environments in which an invocation runs."""
        with self._changed:
            return [*self._busy]

    def quiet(self) -> bool:
        """Whether nothing runs and nothing waits to be run."""
        with self._changed:
            return not self._asked

    def _spawn(self, run: Callable[[], None]) -> None:
        thread = Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def _run(self, event: object) -> None:
        environment = self._occupy()
        if environment is not None:
            try:
                environment.invoke(event, self.seconds)
            except DiedError as death:
                [status] = death.args
                self._note_death(environment, status)
                self._vacate(environment, dead=True)
                if not self._closed.is_set():
                    self.invoke(_failure(event))
            else:
                self._vacate(environment, dead=False)
        with self._changed:
            self._asked -= 1

    def _note_death(self, environment: Environment, status: int) -> None:
        now = time.monotonic()
        self.deaths.append(Death(now, environment.pid, environment.faults, status))

    def _occupy(self) -> Environment | None:
        with self._changed:
            free = self._changed.wait_for(
                lambda: self._closed.is_set() or len(self._busy) < self.most, EVENT_AGE
            )
            if self._closed.is_set() or not free:
                return None
            environment = self._free.pop() if self._free else self._new()
            self._busy.append(environment)
            return environment

    def _new(self) -> Environment:
        self._started += 1
        named = {
            name: text.replace("{n}", str(self._started)) for name, text in self.variables.items()
        }
        named["AWS_ENDPOINT_URL_LAMBDA"] = self.url
        return Environment(self.log, named, self._arms.popleft() if self._arms else "")

    def _vacate(self, environment: Environment, *, dead: bool) -> None:
        with self._changed:
            self._busy.remove(environment)
            if not dead:
                self._free.append(environment)
            self._changed.notify_all()


def _failure(event: object) -> dict[str, Any]:
    """The record that a failure destination gets, as SNS delivers it."""
    record = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event}
    return {"Records": [{"Sns": {"Message": json.dumps(record)}}]}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A poller that dies hangs up on us; that is what it is here for."""


class _Door(BaseHTTPRequestHandler):
    """Lambda's own way in, for pollers that wake each other."""

    cloud: Cloud

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.cloud.wakes += 1
        self.cloud.invoke(event)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
