"""All that the API stands on, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakes.clock import FakeClock
from fakes.links import FakeLinks
from fakes.queue import FakeQueue
from fakes.store import FakeStore
from fakes.waker import FakeWaker
from jobs import bootstrap
from jobs.core.control import Control
from jobs.core.health import Health
from jobs.core.job_type import JobType
from jobs.core.listing import Listing
from jobs.core.queues import Queues
from jobs.core.read import Read
from jobs.core.result import Results
from jobs.core.stats import Stats
from jobs.core.submit import Submit
from jobs.core.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.job_type import Tools
    from jobs.core.model import Claim, Result


def _never(claim: Claim, tools: Tools) -> Result:
    raise AssertionError(claim, tools)


TYPES = {
    "CSV_EXPORT": JobType("CSV_EXPORT", _never, 30.0),
    "EMAIL_SEND": JobType("EMAIL_SEND", _never, 100.0),
}


@dataclass
class World:
    """Fakes, and the use cases on them; `events` is what those have logged, `later` what happens
    while a use case sleeps, one thing each time."""

    clock: FakeClock = field(default_factory=FakeClock)
    waker: FakeWaker = field(default_factory=FakeWaker)
    later: list[Callable[[], object]] = field(default_factory=list)
    events: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = FakeStore(self.clock)
        self.queue = FakeQueue(self.clock)

    def sleep(self, seconds: float) -> None:
        """Let time go by, and what was to happen then."""
        self.clock.advance(seconds)
        if self.later:
            self.later.pop(0)()

    def log(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    def api(self) -> bootstrap.Api:
        read = Read(self.store, self.queue, self.waker, self.log)
        return bootstrap.Api(
            Submit(self.store, self.queue, self.waker, TYPES, self.log),
            read,
            Listing(self.store, self.waker, b"secret"),
            Control(self.store, self.queue, self.waker, self.log),
            Results(read, FakeLinks()),
            Watch(read, self.sleep, self.clock),
            Stats(self.store, self.queue, self.waker, self.log),
            Health(self.store, self.queue, self.waker, self.log, within=0.2),
            Queues(self.store, self.queue, self.waker, self.log),
        )
