"""The queue: an index of when each open job may be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from jobs.core.claim import Candidate, Entry
    from jobs.core.job import Priority


POLLER_TTL_SECONDS = 5.0
"""A poller counts as alive for so long after its last step."""


@dataclass(frozen=True, slots=True)
class EntryUpdate:
    """A change to a queue's entry: to `score`, or to `delay` seconds from now, or removed.

    `sooner`: only if the entry exists and would be ready later than `delay` says.
    """

    id: UUID
    priority: Priority
    delay: float | None = None
    score: float | None = None
    sooner: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """How many entries were new to the queues, and whether the caller must wake a poller:
    for entries that are ready, or will be before the schedule sends one. `moved`: how many were
    too late.
    """

    added: int
    wake: bool
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What one `take` brought, and the state of the queues after it.

    `next_in`: seconds until the next entry may be taken (0 or less: one may be now, None:
    there is none). `wake`: another poller is needed for the ready entries. `complete`: the queues
    are known to hold every open row (False after Redis lost its memory, until they are rebuilt).
    """

    candidates: tuple[Candidate, ...] = ()
    next_in: float | None = None
    wake: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class LeaveResult:
    """The answer to a poller that wants to leave: it has left, or it waits for the next entry.

    `next_in`: seconds until the next entry may be taken; None: there is none.
    """

    left: bool
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The position of an entry: 1 is taken next; None: it is not ready, or not in the queue.

    `pollers` are running. `waking`: one has been woken and has not registered yet.
    """

    position: int | None
    pollers: int
    waking: bool


@dataclass(frozen=True, slots=True)
class PollerStatus:
    """How many pollers are running, and the seconds since the last one was seen (0: one is
    running; None: never, as far as Redis remembers).

    `misconfigured`: the parts of the pollers whose settings are not valid, with the names of these
    settings.
    """

    pollers: int
    seen: float | None
    misconfigured: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class JobQueue(Protocol):
    """An index of when each open job may be taken. Raises `QueueUnavailable`."""

    def publish(self, entries: Sequence[Entry], *, tolerance: float | None = None) -> Published:
        """Add the entries that are not in the queues yet.

        Those that are there stay as they are; with a `tolerance`, those that would be ready more
        than so many seconds too late are moved forward.
        """
        ...

    def take(
        self,
        poller: str,
        *,
        limit: int,
        lease: float,
        priorities: Sequence[Priority],
    ) -> Taken:
        """Take up to `limit` ready entries in the order of `priorities`, oldest first.

        They are not ready again for `lease` seconds. Keeps `poller` registered. A limit of 0
        says that this poller has no room for more, until it takes from all queues again.
        """
        ...

    def update_entries(self, updates: Sequence[EntryUpdate]) -> None:
        """Move or remove entries."""
        ...

    def remove_ready(self, priority: Priority) -> None:
        """Remove all ready entries from one queue."""
        ...

    def deregister(
        self, poller: str, *, max_wait: float, wait_for_leases: bool = False
    ) -> LeaveResult:
        """Take `poller` off the register, unless it is still needed.

        It is needed while an entry is ready, or will be within `max_wait` seconds and no other
        poller is registered (`wait_for_leases`: whether or not one is). A negative `max_wait`: it
        leaves in any case, and `next_in` says what it left behind.
        """
        ...

    def position(self, job_id: UUID, priority: Priority) -> QueuePosition:
        """The position of the job's entry among those that are ready."""
        ...

    def pollers(self) -> PollerStatus:
        """Whether pollers are running, or when one was last."""
        ...

    def report_misconfigured(self, parts: Mapping[str, Sequence[str]]) -> None:
        """Note which parts of the pollers have settings that are not valid, in place of the last
        report."""
        ...

    def mark_complete(self) -> None:
        """Note that the queues hold every open row."""
        ...

    def mark_incomplete(self) -> None:
        """Note that they may not."""
        ...

    def ping(self) -> None:
        """Answer if a job could be written now, or raise: `TakesNoWrites` says what is wrong."""
        ...


class PollSlots(Protocol):
    """Slots for waiting requests, shared by all environments. Raises `QueueUnavailable`."""

    def take(self, slot: str, seconds: float) -> bool:
        """Take a slot under a name of the caller's own, and return whether one was free.

        It is free again once it is released, and at the latest after `seconds`. Safe to ask again
        with the same name.
        """
        ...

    def release(self, slot: str) -> None:
        """Free a slot; one that is free stays so."""
        ...
