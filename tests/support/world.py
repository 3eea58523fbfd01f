"""All that the API stands on, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakes.clock import FakeClock
from fakes.links import FakeLinks
from fakes.poll_slots import FakePollSlots
from fakes.queue import FakeQueue
from fakes.store import FakeStore
from fakes.waker import FakeWaker
from jobs import bootstrap
from jobs.core.best_effort import BestEffortQueue
from jobs.core.control import Control
from jobs.core.health import Health
from jobs.core.job_type import JobType
from jobs.core.list_jobs import ListJobs
from jobs.core.queues import Queues
from jobs.core.read import LongPoll, Read
from jobs.core.stats import Stats
from jobs.core.submit import Publisher, Submit

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext


def _never(claim: Claim, context: JobContext) -> Result:
    raise AssertionError(claim, context)


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
        self.store.on_schema_missing = self.waker.wake
        self.queue = FakeQueue(self.clock)
        self.links = FakeLinks()
        self.poll_slots = FakePollSlots(self.clock)

    def sleep(self, seconds: float) -> None:
        """Let time go by, and what was to happen then."""
        self.clock.advance(seconds)
        if self.later:
            self.later.pop(0)()

    def log(self, event: str, /, **fields: object) -> None:
        self.events.append((event, fields))

    def api(self) -> bootstrap.Api:
        queue = BestEffortQueue(self.queue, self.log)
        publisher = Publisher(queue, self.waker)
        read = Read(store=self.store, queue=queue, links=self.links)
        return bootstrap.Api(
            submit=Submit(store=self.store, publisher=publisher, types=TYPES),
            read=read,
            long_poll=LongPoll(read, self.poll_slots, self.sleep, self.clock),
            list_jobs=ListJobs(store=self.store, secret=b"secret"),
            control=Control(store=self.store, queue=queue, publisher=publisher),
            stats=Stats(store=self.store, queue=queue),
            health=Health(store=self.store, queue=self.queue, log=self.log, within=0.2),
            queues=Queues(store=self.store, queue=self.queue, waker=self.waker, log=self.log),
        )
