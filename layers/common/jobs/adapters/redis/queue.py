"""The queues in Redis: an index of when each open job may be taken, one script a step."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from redis.exceptions import (
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)

from jobs.adapters.redis.keys import (
    BUSY,
    COMPLETE,
    MISCONFIGURED,
    POLLERS,
    PROBE,
    QUEUES,
    SEEN,
    WAKING,
)
from jobs.adapters.redis.scripts import NAMES, source
from jobs.core.claim import Candidate
from jobs.core.errors import QueueTakesNoWrites, QueueUnavailable
from jobs.core.ports.queue import (
    POLLER_TTL_SECONDS,
    LeaveResult,
    PollerStatus,
    Published,
    QueuePosition,
    Taken,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from redis import Redis, RedisCluster
    from redis.commands.core import Script

    from jobs.core.claim import Entry
    from jobs.core.job import Priority
    from jobs.core.ports.queue import EntryUpdate

Item = TypeVar("Item")
Word = str | int | float

MAX_ENTRIES_PER_CALL = 500
"""Entries in one call, of four arguments each at most: ElastiCache Serverless refuses a command
with more than 3,999 arguments, and Redis does nothing else during a call."""

MAX_ENTRIES_REMOVED = 10_000
"""Entries removed in one script, during which Redis does nothing else."""

_NO_WRITES: Mapping[type[Exception] | str, str] = {
    ReadOnlyError: "it is a read-only replica",
    OutOfMemoryError: "its memory is full",
    NoPermissionError: "its user may not write",
    "MISCONF": "its snapshots fail",
    "NOREPLICAS": "too few replicas are in step",
}
"""What servers say that take no writes: an exception of the client, or the word before a text."""

_ORDER = tuple(QUEUES)
_KEYS = tuple(QUEUES.values())
_REGISTER = (POLLERS, WAKING, BUSY)
_INDEX = {priority: index for index, priority in enumerate(_ORDER, start=1)}


@dataclass(frozen=True, slots=True)
class Limits:
    """When another poller is woken, and for how long a poller counts as alive.

    `share`: ready entries that one poller is enough for. `soon`: the schedule sends one within
    this time. Times in seconds.
    """

    pollers: int = 4
    share: int = 100
    registered: float = POLLER_TTL_SECONDS
    waking: float = 5.0
    soon: float = 60.0


class RedisQueue:
    """`JobQueue` on Redis or Valkey, alone or as a cluster."""

    def __init__(self, client: Redis | RedisCluster, limits: Limits | None = None) -> None:
        self._client = client
        self._limits = limits or Limits()

    @cached_property
    def _scripts(self) -> dict[str, Script]:
        return {name: self._client.register_script(source(name)) for name in NAMES}

    def publish(self, entries: Sequence[Entry], *, tolerance: float | None = None) -> Published:
        added, wake, moved = 0, False, 0
        late: Word = "" if tolerance is None else _ms(tolerance)
        following = len(entries)
        # Without entries too: whether a poller is needed is asked all the same.
        for part in [*_parts(entries)] or [()]:
            following -= len(part)
            words: list[Word] = [*self._wake_rule(), _ms(self._limits.soon), following, late]
            for entry in part:
                words += (_INDEX[entry.priority], entry.delay * 1000, str(entry.id))
            new, needed, hastened = self._run("publish", [*_REGISTER, *_KEYS], words)
            added, wake, moved = added + new, wake or bool(needed), moved + hastened
        return Published(added, wake, moved)

    def take(
        self,
        poller: str,
        *,
        limit: int,
        lease: float,
        priorities: Sequence[Priority] = _ORDER,
    ) -> Taken:
        words: list[Word] = [
            poller,
            _ms(self._limits.registered),
            min(limit, MAX_ENTRIES_PER_CALL),
            _ms(lease),
            len(priorities),
        ]
        keys = [*_REGISTER, COMPLETE, *_KEYS]
        next_in, wake, complete, *taken = self._run("take", keys, [*words, *self._wake_rule()])
        candidates = self._candidates(taken)
        return Taken(candidates, _seconds(next_in), bool(wake), bool(complete))

    def update_entries(self, updates: Sequence[EntryUpdate]) -> None:
        for part in _parts(updates):
            words: list[Word] = []
            for update in part:
                words += (_INDEX[update.priority], str(update.id), *_place(update))
            self._run("update_entries", [*_KEYS], words)

    def remove_ready(self, priority: Priority) -> None:
        removed = MAX_ENTRIES_REMOVED
        while removed == MAX_ENTRIES_REMOVED:
            removed = self._run("remove_ready", [QUEUES[priority]], [MAX_ENTRIES_REMOVED])

    def deregister(
        self, poller: str, *, max_wait: float, wait_for_leases: bool = False
    ) -> LeaveResult:
        words: list[Word] = [poller, _ms(max_wait), int(wait_for_leases)]
        left, next_in = self._run("deregister", [*_REGISTER, SEEN, *_KEYS], words)
        return LeaveResult(bool(left), _seconds(next_in))

    def position(self, job_id: UUID, priority: Priority) -> QueuePosition:
        words: list[Word] = [_INDEX[priority], str(job_id)]
        before, pollers, waking = self._run("position", [POLLERS, WAKING, *_KEYS], words)
        return QueuePosition(None if before == b"" else before + 1, pollers, bool(waking))

    def pollers(self) -> PollerStatus:
        pollers, ago, parts = self._run("pollers", [POLLERS, SEEN, MISCONFIGURED], [])
        return PollerStatus(pollers, 0.0 if pollers else _seconds(ago), _misconfigured(parts))

    def report_misconfigured(self, parts: Mapping[str, Sequence[str]]) -> None:
        with translated():
            if parts:
                self._client.set(MISCONFIGURED, json.dumps(parts))
            else:
                self._client.delete(MISCONFIGURED)

    def mark_complete(self) -> None:
        with translated():
            self._client.set(COMPLETE, "1")

    def mark_incomplete(self) -> None:
        with translated():
            self._client.delete(COMPLETE)

    def ping(self) -> None:
        with translated():
            # Of one size, and gone soon: it is written to see whether anything can be.
            self._client.set(PROBE, "", px=_ms(self._limits.soon))

    def _wake_rule(self) -> tuple[int, int, int]:
        return self._limits.pollers, self._limits.share, _ms(self._limits.waking)

    def _candidates(self, taken: list[Any]) -> tuple[Candidate, ...]:
        """The entries taken; a member that is no job's id is removed."""
        candidates = []
        for index, member, score in zip(*[iter(taken)] * 3, strict=True):
            if job_id := _job_id(member):
                candidates.append(Candidate(job_id, _ORDER[index - 1], float(score)))
            else:
                with translated():
                    self._client.zrem(_KEYS[index - 1], member)
        return tuple(candidates)

    def _run(self, name: str, keys: list[str], words: Sequence[Word]) -> Any:
        with translated():
            return self._scripts[name](keys=keys, args=words)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `QueueUnavailable` for every way in which Redis fails."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        if reason := _no_writes(error):
            raise QueueTakesNoWrites(f"takes no writes: {reason}") from error
        message = f"the queue does not answer: {type(error).__name__}"
        raise QueueUnavailable(message) from error


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """`items` in order, cut to what one call may have."""
    for start in range(0, len(items), MAX_ENTRIES_PER_CALL):
        yield items[start : start + MAX_ENTRIES_PER_CALL]


def _no_writes(error: Exception) -> str | None:
    """Why the server takes no writes, if that is what it says."""
    for known, reason in _NO_WRITES.items():
        if isinstance(known, str) and str(error).startswith(known):
            return reason
        if isinstance(known, type) and isinstance(error, known):
            return reason
    return None


def _job_id(member: bytes) -> UUID | None:
    try:
        job_id = UUID(member.decode("ascii"))
    except ValueError:
        return None
    # Another spelling of an id is another member, which settling the job would not remove.
    return job_id if str(job_id).encode() == member else None


def _place(update: EntryUpdate) -> tuple[Word, Word]:
    if update.score is not None:
        return "at", repr(update.score)
    if update.delay is not None:
        return "by" if update.sooner else "in", update.delay * 1000
    return "gone", ""


def _misconfigured(text: bytes) -> dict[str, tuple[str, ...]]:
    return {part: tuple(names) for part, names in json.loads(text or b"{}").items()}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _seconds(text: bytes) -> float | None:
    return float(text) / 1000 if text else None
