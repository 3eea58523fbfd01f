"""The input of a drain, the values that its parts share, and its result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jobs.core.job_type import JobContext, JobType
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

MARGIN_SECONDS = 2.0
"""Kept at the end of an invocation to settle what has run, and the most that a lease outlives the
invocation."""

PREEMPT_CHECK_SECONDS = 0.01
"""While claimed default jobs wait, a poller looks for high ones this often."""

IDLE_POLL_SECONDS = 0.02
"""A poller that has room, or waits for a job that is due soon, looks this often."""

GRACE_SECONDS = 1.5
"""Running attempts get so long to stop."""

MAX_HOPS = 10
"""Pollers that may wake each other in a row: AWS cuts a chain off at about sixteen."""


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Everything a drain needs that is the same for all invocations of an environment.

    `slots`: attempts run at the same time. `lease`: seconds. `max_held`: claims held at once.
    """

    store: JobStore
    queue: JobQueue
    waker: Waker
    types: Mapping[str, JobType]
    job_context: JobContext
    log: Log
    slots: int = 8
    lease: float = 10.0
    max_held: int = 200


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of the poller.

    `remaining` gives the seconds left; `stopping` says that the environment is to end;
    `alive` is called again and again while the drain makes progress;
    `hop` counts the pollers that woke each other; `scheduled`: called by the schedule;
    `wait_for_leases`: a poller has died, and this one waits for the dead one's leases to end.
    """

    request_id: str
    remaining: Callable[[], float]
    stopping: Callable[[], bool] = bool  # which is False
    alive: Callable[[], object] = object
    hop: int = 0
    scheduled: bool = False
    wait_for_leases: bool = False


@dataclass(slots=True)
class DrainResult:
    """The counts of a drain. `must_exit`: an attempt still runs, so the process must end."""

    counts: Counter[str] = field(default_factory=Counter)
    must_exit: bool = False


@dataclass(frozen=True, slots=True)
class DrainContext:
    """What the parts of one drain share. `total_seconds`: what the invocation had at its start."""

    config: WorkerConfig
    invocation: Invocation
    total_seconds: float
    result: DrainResult = field(default_factory=DrainResult)


def wake_successor(waker: Waker, hop: int, *, wait_for_leases: bool = False) -> bool:
    """Wake poller number `hop` of a chain, unless the chain is at its end; whether it was woken.

    Pollers that wake each other, or replace each other as they die, would do so for ever: the next
    tick of the schedule starts a new chain.
    """
    return hop <= MAX_HOPS and waker.wake(hop=hop, wait_for_leases=wait_for_leases)
