"""Say which parts answer, in less time than a part that hangs would take."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import SchemaMissing
from jobs.core.ports.queue import Presence

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

POLLER = "poller"

SILENT = 150.0
"""Seconds after which a poller is missed: the schedule sends one every minute."""

WITHIN = 0.8
"""Seconds the parts are given to answer, all at the same time."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, the seconds its answer took, and what is wrong with it, if anything.

    `fault` is fit to be shown to anybody: no address, no user, none of a server's own words.
    """

    name: str
    seconds: float
    fault: str | None = None
    state: str = "up"
    """`up`; of the poller also `silent` and `unknown`, which are no faults: jobs are taken and
    kept all the same."""
    seen: float | None = None
    """Seconds since a poller was there, if that is known."""


class Health:
    """Asks database and queue whether they are there.

    `store` and `queue` are for this alone: one that hangs is left in its thread, with its
    connection, and is not asked a second time meanwhile. What it says in the end is not shown:
    the environment may have been frozen for an hour by then.
    """

    def __init__(
        self, store: JobStore, queue: JobQueue, waker: Waker, log: Log, within: float = WITHIN
    ) -> None:
        self._questions: dict[str, Callable[[], object]] = {
            "database": store.ping,
            "queue": queue.ping,
            POLLER: queue.presence,
        }
        self._waker = waker
        self._log = log
        self._within = within
        self._calls: dict[str, _Call] = {}

    def __call__(self) -> tuple[Part, ...]:
        """The parts as they are now. Raises nothing, and takes little more than `within`."""
        began = time.monotonic()
        for name in self._questions:
            self._begun(name)
        parts = tuple(self._part(name, began) for name in self._questions if name != POLLER)
        return (*parts, self._poller(began))

    def _poller(self, began: float) -> Part:
        call = self._answered(POLLER, began)
        if call.is_alive():
            return Part(POLLER, call.seconds, state="unknown")
        seen = call.answer.seen if isinstance(call.answer, Presence) else None
        known = "unknown" if seen is None else "silent" if seen > SILENT else "up"
        return Part(POLLER, call.seconds, state=known, seen=seen)

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

    def _part(self, name: str, began: float) -> Part:
        call = self._answered(name, began)
        fault: str | None = f"no answer within {self._within:g} s"
        if not call.is_alive():
            fault = self._fault(call.error)
        if fault:
            self._log("part.down", level="WARNING", part=name, fault=fault, error=call.error)
        return Part(name, call.seconds, fault)

    def _fault(self, error: Exception | None) -> str | None:
        if isinstance(error, SchemaMissing):
            self._waker.wake()
            return "no schema yet: the first poller after a deployment creates it"
        return "does not answer" if error else None


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
