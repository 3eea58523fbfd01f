"""Say by which components a job could be accepted and run now, in less time than one that hangs
would take."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import ConfigurationError, JobsError, SchemaMissing, TakesNoWrites
from jobs.core.ports.queue import PollerStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore

POLLER = "poller"

SILENT_AFTER_SECONDS = 150.0
"""A poller is missed after so long: the schedule sends one every minute."""

ANSWER_SECONDS = 0.8
"""The components are given so long to answer, all at the same time."""


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its name, the seconds its answer took, and what is wrong with it, if anything.

    `problem` may be shown to every client: it names no address and no user, and quotes no server.
    """

    name: str
    seconds: float
    problem: str | None = None
    state: str = "up"
    """`up`; of the poller also `silent` and `unknown`, and of its parts `misconfigured`, which are
    no problems: jobs are taken and kept all the same."""
    settings: tuple[str, ...] = ()
    """The names of the settings that are not valid."""
    seen: float | None = None
    """Seconds since a poller was seen, if that is known."""


class Health:
    """Asks database and queue whether they answer and take writes.

    `store` and `queue` are for this alone: one that hangs is left in its thread, with its
    connection, and is not asked a second time meanwhile. Its late answer is not shown:
    the environment may have been frozen for an hour by then.
    """

    def __init__(
        self, *, store: JobStore, queue: JobQueue, log: Log, within: float = ANSWER_SECONDS
    ) -> None:
        self._questions: dict[str, Callable[[], object]] = {
            "database": store.ping,
            "queue": queue.ping,
            POLLER: queue.pollers,
        }
        self._log = log
        self._within = within
        self._calls: dict[str, _Call] = {}

    def __call__(self) -> tuple[Component, ...]:
        """The components as they are now. Raises nothing, and takes little more than `within`."""
        began = time.monotonic()
        for name in self._questions:
            self._begun(name)
        components = tuple(
            self._component(name, began) for name in self._questions if name != POLLER
        )
        return (*components, *self._poller(began))

    def _poller(self, began: float) -> Iterator[Component]:
        """The poller, and the parts of it that are misconfigured."""
        call = self._answered(POLLER, began)
        answer = None if call.is_alive() else call.answer
        status = answer if isinstance(answer, PollerStatus) else PollerStatus(0, None)
        seen = status.seen
        known = "unknown" if seen is None else "silent" if seen > SILENT_AFTER_SECONDS else "up"
        yield Component(POLLER, call.seconds, state=known, seen=seen)
        for part, settings in status.misconfigured.items():
            yield Component(part, call.seconds, state="misconfigured", settings=settings)

    def _begun(self, name: str) -> _Call:
        if name not in self._calls:
            self._calls[name] = _Call(self._questions[name])
            self._calls[name].start()
        return self._calls[name]

    def _answered(self, name: str, began: float) -> _Call:
        """The question that was asked since `began` and has been answered, or one that hangs."""
        while True:
            call = self._begun(name)
            call.join(max(0.0, began + self._within - time.monotonic()))
            if call.is_alive():
                return call
            del self._calls[name]
            if call.began >= began:
                return call

    def _component(self, name: str, began: float) -> Component:
        call = self._answered(name, began)
        problem: str | None = f"no answer within {self._within:g} s"
        if not call.is_alive():
            problem = self._problem(call.error)
        if problem:
            self._log(
                "component.down", level="WARNING", component=name, problem=problem, error=call.error
            )
        return Component(name, call.seconds, problem)

    def _problem(self, error: Exception | None) -> str | None:
        if isinstance(error, SchemaMissing):
            return "no schema yet: the first poller after a deployment creates it"
        if isinstance(error, TakesNoWrites):
            return str(error)
        return "does not answer" if error else None


def find_problems(questions: Mapping[str, Callable[[], object]]) -> tuple[str, ...]:
    """Ask every question, and return what is wrong.

    Each question has the name of the setting that it depends on, and raises `JobsError` if that
    does not work. Each problem begins with the name of its setting.
    """
    problems: list[str] = []
    for setting, question in questions.items():
        try:
            question()
        except ConfigurationError as error:
            problems += error.problems
        except JobsError as error:
            problems.append(f"{setting}: {error}")
    return tuple(dict.fromkeys(problems))


class _Call(threading.Thread):
    """One question on a thread of its own, which holds up neither the answer nor the end."""

    def __init__(self, ping: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.error: Exception | None = None
        self.answer: object = None
        self._ping = ping
        self.began = time.monotonic()
        self._ended: float | None = None

    @property
    def seconds(self) -> float:
        return (self._ended or time.monotonic()) - self.began

    def run(self) -> None:
        try:
            self.answer = self._ping()
        except Exception as error:  # noqa: BLE001 - whatever it is, the part does not answer
            self.error = error
        self._ended = time.monotonic()
