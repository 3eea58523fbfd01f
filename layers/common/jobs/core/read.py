"""Show one job: its row, why it waits, its result, and the next change of it."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from jobs.core.errors import JobNotFound, QueueUnavailable, ResultNotReady, TooManyPolls
from jobs.core.job import Status
from jobs.core.schema import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from jobs.core.best_effort import BestEffortQueue
    from jobs.core.job import Job, Priority, Result
    from jobs.core.ports.objects import Links
    from jobs.core.ports.queue import PollSlots, QueuePosition
    from jobs.core.ports.store import JobStore

LINK_TTL_SECONDS = 300
"""A link to an object can be followed for so long."""

DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS = 20.0, 25.0
"""A long poll waits for so long. A gateway gives up on the function after 29 seconds."""

POLL_SECONDS = 0.2
"""Time between two reads of the row."""

CHECK_SECONDS = 2.0
"""Time between two checks that the caller may still wait."""

SLOT_MARGIN_SECONDS = 5.0
"""A slot is taken for so much longer than the wait: by then the function has ended."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Reason(StrEnum):
    """Why a job waits: for its turn, the end of its backoff, its time, a poller, or its queue to be
    resumed."""

    QUEUED = "queued"
    BACKOFF = "backoff"
    SCHEDULED = "scheduled"
    NO_POLLER = "noPoller"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a job waits. `position`: 1 is taken next; None where it is not known.

    `until`: when it may be taken, if it may not be yet.
    """

    reason: Reason
    position: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The address of the object that a job has made."""

    url: str


class Read:
    """Looks jobs up."""

    def __init__(self, *, store: JobStore, queue: BestEffortQueue, links: Links) -> None:
        self._store = store
        self._queue = queue
        self._links = links

    def __call__(self, job_id: UUID) -> Job:
        """The job with its history. Raises `JobNotFound`, `StoreUnavailable`."""
        job = self._store.get(job_id)
        if job is None:
            raise JobNotFound
        return job

    def payload(self, job_id: UUID) -> str:
        """The payload of the job as JSON text. Raises `JobNotFound`, `StoreUnavailable`."""
        text = self._store.payload(job_id)
        if text is None:
            raise JobNotFound
        return text

    def waiting(self, job: Job) -> Waiting | None:
        """Why `job` waits, if it does; without the queue that is not known in full.

        Raises `StoreUnavailable`.
        """
        if job.status is not Status.PENDING or job.due_in > 0:
            return why_waiting(job, None)
        if self._is_paused(job.priority):
            return why_waiting(job, None, paused=True)
        return why_waiting(job, self._queue.position(job.id, job.priority))

    def result(self, job_id: UUID, *, head: bool = False) -> Result | Link:
        """The result of a job; for one that names an object, a link to that, in whichever bucket
        the job has written it. `head`: the link is for a HEAD instead of a GET.

        Raises `JobNotFound`, `ResultNotReady`, `ResultGone`, `StoreUnavailable`.
        """
        job = self(job_id)
        if job.status is not Status.COMPLETED or job.result is None:
            raise ResultNotReady(f"the job is {job.status}")
        bucket, key = job.result.get("bucket"), job.result.get("key")
        if isinstance(bucket, str) and isinstance(key, str):
            return Link(self._links.link(bucket, key, seconds=LINK_TTL_SECONDS, head=head))
        return job.result

    def _is_paused(self, priority: Priority) -> bool:
        states = self._store.queues()
        return any(each.priority is priority and each.paused_at for each in states)


class LongPoll:
    """Answers when a job changes. A request takes one of `slots` only if it has to wait."""

    def __init__(
        self,
        read: Read,
        slots: PollSlots,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._slots = slots
        self._sleep = sleep
        self._clock = clock

    def __call__(
        self,
        job_id: UUID,
        since: str | None = None,
        wait: float = DEFAULT_WAIT_SECONDS,
        check: Callable[[], object] = lambda: None,
    ) -> Job:
        """The job, once it has changed, or is final, or `wait` seconds have passed.

        `since`: the `version` or the `updatedAt` that the caller knows; without it, the current
        one. `check` is called every `CHECK_SECONDS`, and ends the wait by raising. Raises
        `JobNotFound`, `StoreUnavailable`, and `TooManyPolls` if the caller would have to wait and
        may not.
        """
        job = self._read(job_id)
        since = version(job) if since is None else since
        if wait <= 0 or _is_news(job, since):
            return job
        with self._slot(wait):
            return self._changed(job_id, since, wait, check)

    def _changed(self, job_id: UUID, since: str, wait: float, check: Callable[[], object]) -> Job:
        began = checked = self._clock()
        while True:
            self._sleep(min(POLL_SECONDS, began + wait - self._clock()))
            if self._clock() - checked >= CHECK_SECONDS:
                check()
                checked = self._clock()
            job = self._read(job_id)
            if self._clock() >= began + wait or _is_news(job, since):
                return job

    @contextmanager
    def _slot(self, wait: float) -> Iterator[None]:
        slot = str(uuid4())
        try:
            free = self._slots.take(slot, wait + SLOT_MARGIN_SECONDS)
        except QueueUnavailable as error:
            raise TooManyPolls from error
        if not free:
            raise TooManyPolls
        try:
            yield
        finally:
            with suppress(QueueUnavailable):
                self._slots.release(slot)


def version(job: Job) -> str:
    """Another text after every change of the row."""
    return f"{job.updated_at.timestamp():.6f}"


def why_waiting(
    job: Job, position: QueuePosition | None, *, paused: bool = False
) -> Waiting | None:
    """Why `job` waits, if it does. `position`: of its entry; None where the queue did not say.

    `paused`: its queue is.
    """
    if job.status is not Status.PENDING:
        return None
    if job.due_in > 0:
        tried = job.attempts or job.error is not None
        return Waiting(Reason.BACKOFF if tried else Reason.SCHEDULED, until=job.due_at)
    if paused:
        return Waiting(Reason.PAUSED)
    if position is None:
        return Waiting(Reason.QUEUED)
    served = position.pollers or position.waking
    return Waiting(Reason.QUEUED if served else Reason.NO_POLLER, position.position)


def _is_news(job: Job, since: str) -> bool:
    """Whether a caller who knows `since` need not wait."""
    return job.status.is_final or not _is_known(job, since)


def _is_known(job: Job, since: str) -> bool:
    known = parse_time(since)
    if known is None:
        return since == version(job)
    # Clients see milliseconds.
    return _milliseconds(known) == _milliseconds(job.updated_at)


def _milliseconds(at: datetime) -> int:
    # Not by `timestamp()`: a float of a thousandth may lie below it.
    return (at - _EPOCH) // _MILLISECOND
