"""The rows of the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from jobs.core.listing import Filters, Place
    from jobs.core.model import Claim, Claimed, Hint, Job, NewJob, Priority, Progress, QueueState
    from jobs.core.ports.queue import Entry
    from jobs.core.retry import Settlement
    from jobs.core.stats import QueueStats, TypeStats


class Settled(frozenset["UUID"]):
    """The ids of the jobs whose attempts ended as asked.

    `born`: entries of the jobs that were made by that, to tell somebody.
    """

    born: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[UUID], born: Iterable[Entry] = ()) -> Settled:
        made = cls(ids)
        made.born = tuple(born)
        return made


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job as it is after it was to be cancelled; `born`: as of `Settled`."""

    job: Job
    born: tuple[Entry, ...] = ()


class JobStore(Protocol):
    """The rows. Its clock alone judges due times and leases. Raises `StoreUnavailable`."""

    def insert(self, job: NewJob) -> Job:
        """Store a pending job. Storing the same id again returns the stored row.

        Where a stored job has its idempotency key, or an open one its unique key, nothing is
        stored, and that job is returned. Raises `IdempotencyKeyReused` if the hash of the body
        is another than that job's.
        """
        ...

    def insert_all(self, jobs: Sequence[NewJob]) -> list[Job]:
        """As `insert` for each of `jobs`, all or none of them, in their order."""
        ...

    def get(self, job_id: UUID) -> Job | None:
        """The job with its latest attempts, `MOST_SHOWN` at most, oldest first."""
        ...

    def page(self, filters: Filters, place: Place | None, limit: int) -> Sequence[Job]:
        """The first `limit` jobs after `place`, newest first, without their history."""
        ...

    def claim(
        self,
        hints: Sequence[Hint],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> Claimed:
        """Claim what may be claimed of `hints` for `lease` seconds, counting the attempts.

        Jobs that lost a lease before are claimed only with `alone`, which says that the
        worker holds nothing else and takes nothing else before this one has ended. Pending jobs
        of paused queues are not claimed.
        Safe to ask again with the same token.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """End attempts; return the ids that ended so. Those missing belong to someone else.

        The end of a job that names a callback makes the job that tells it, at the same moment;
        where there is a bus, every end makes one that tells it there, but for those of such jobs.

        Safe to ask again with the same settlements.
        """
        ...

    def cancel(self, job_id: UUID) -> Cancelled | None:
        """Cancel a job that has not ended, and return it; one that has is returned as it is.

        That is an end, and told like any other.
        """
        ...

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        """Make a failed job pending again, no attempt counted; note that in its history.

        Safe to ask again with the same token. Raises `NotFailed`, `UniqueKeyTaken`.
        """
        ...

    def retry_all(
        self,
        job_type: str | None,
        since: datetime | None,
        token: UUID,
        *,
        limit: int,
        request_id: str | None,
    ) -> tuple[Sequence[Job], bool]:
        """As `retry` for up to `limit` jobs that failed since then, of one type or any; those
        whose unique key is taken are left out. Says as well whether there may be more of them."""
        ...

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        """Let live leases end `lease` seconds from now; return the ids that are still held."""
        ...

    def report(self, news: Sequence[tuple[Claim, Progress]]) -> None:
        """Note how far attempts have come; what stale claims say is void."""
        ...

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        """Put claims back as they were, attempt not counted; return the ids put back."""
        ...

    def due(self, limit: int) -> list[Hint]:
        """Jobs that may be taken now, high before default, then in order of their due time.

        Of a paused queue only those whose lease has ended.
        """
        ...

    def open_entries(self, limit: int) -> list[Entry]:
        """What the queues ought to hold, in no order.

        For each priority the first `limit` pending jobs by due time, and the first `limit` of
        those being worked on by the end of their lease. Pending jobs of paused queues are left out.
        """
        ...

    def last_lease(self) -> float | None:
        """Seconds until the last of the leases ends; None: there is none."""
        ...

    def next_due(self) -> float | None:
        """Seconds until the next job may be taken (negative: overdue); None: there is none."""
        ...

    def pause(self, priority: Priority) -> QueueState:
        """From now on, claim no job of this queue; one that is paused stays so since it was."""
        ...

    def resume(self, priority: Priority) -> QueueState:
        """Let the jobs of this queue be claimed again."""
        ...

    def queues(self) -> Sequence[QueueState]:
        """All queues, in order of service."""
        ...

    def queue_stats(self) -> Sequence[QueueStats]:
        """How the open jobs of each queue stand, in order of service."""
        ...

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        """How the latest attempts of each type went: up to `sample`, `window` seconds back."""
        ...

    def ping(self) -> None:
        """Answer, or raise."""
        ...
