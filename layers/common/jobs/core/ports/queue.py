"""The index of what may be taken when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from jobs.core.model import Hint, Priority


BELIEVED = 5.0
"""Seconds for which a poller is believed to be there after it was last heard of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job's entry in its queue: it may be taken `delay` seconds from now (negative: since)."""

    id: UUID
    priority: Priority
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A change to a queue's entry: to `score`, or to `delay` seconds from now, or removed.

    `sooner`: only if the entry is there and would be ready later than `delay` says.
    """

    id: UUID
    priority: Priority
    delay: float | None = None
    score: float | None = None
    sooner: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """How many entries were new to the queues, and whether a poller is to be woken for them:
    for what is ready, or will be before the schedule sends one.
    """

    added: int
    wake: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """What one `take` brought, and how the queues stand after it.

    `next_in`: seconds until the next entry may be taken (not above 0: one may be now, None:
    there is none). `wake`: another poller is needed for what is ready. `complete`: the queues
    are known to hold every open row (False after Redis lost its memory, until they are rebuilt).
    """

    hints: tuple[Hint, ...] = ()
    next_in: float | None = None
    wake: bool = False
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Leave:
    """The answer to a poller that wants to leave: it has left, or what it is to wait for."""

    left: bool
    next_in: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an entry stands. `position`: 1 is taken next, None: it is not ready, or not there.

    `pollers` are at work, and `waking`: one has been woken and is not there yet.
    """

    position: int | None
    pollers: int
    waking: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """How many pollers are at work, and the seconds since one was there (0: one is; None: never,
    as far as is remembered)."""

    pollers: int
    seen: float | None


class JobQueue(Protocol):
    """The index of what may be taken when. Raises `QueueUnavailable`."""

    def publish(self, entries: Sequence[Entry]) -> Published:
        """Add the entries that are not there yet."""
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

    def settle(self, moves: Sequence[Move]) -> None:
        """Move or remove entries."""
        ...

    def withdraw(self, priority: Priority) -> None:
        """Remove all that is ready from one queue."""
        ...

    def leave(self, poller: str, *, horizon: float, patient: bool = False) -> Leave:
        """Take `poller` off the register, unless it is still needed.

        It is, while an entry is ready, or will be within `horizon` seconds and no other
        poller is registered (`patient`: whether or not one is). A negative horizon: it leaves
        whatever is there, and `next_in` says what it left behind.
        """
        ...

    def standing(self, job_id: UUID, priority: Priority) -> Standing:
        """Where the job's entry stands among those that are ready."""
        ...

    def presence(self) -> Presence:
        """Whether pollers are at work, or when one was last."""
        ...

    def mark_complete(self) -> None:
        """Note that the queues hold every open row."""
        ...

    def mark_incomplete(self) -> None:
        """Note that they may not."""
        ...

    def ping(self) -> None:
        """Answer, or raise."""
        ...
