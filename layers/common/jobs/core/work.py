"""What a drain is given: its parts, and the invocation it runs in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.core.job_type import JobType, Tools
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

MARGIN = 2.0
"""Seconds kept at the end of an invocation to settle what has run, and the most that a lease
outlives the invocation."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that a drain needs, the same for every invocation of an environment.

    `slots`: attempts run at the same time. `lease`: seconds. `most`: claims held at once.
    """

    store: JobStore
    queue: JobQueue
    waker: Waker
    types: Mapping[str, JobType]
    tools: Tools
    log: Log
    slots: int = 8
    lease: float = 10.0
    most: int = 200


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the poller.

    `remaining` gives the seconds left; `stopping` says that the environment is to end;
    `alive` is called again and again while the drain makes progress;
    `hop` counts the pollers that woke each other; `scheduled`: called by the schedule;
    `patient`: a poller has died, and its work is to be waited for.
    """

    request_id: str
    remaining: Callable[[], float]
    stopping: Callable[[], bool] = lambda: False
    alive: Callable[[], object] = lambda: None
    hop: int = 0
    scheduled: bool = False
    patient: bool = False


@dataclass(slots=True)
class Drained:
    """What came of a drain. `tainted`: an attempt still runs, so the process must end."""

    counts: Counter[str] = field(default_factory=Counter)
    tainted: bool = False
