"""The rows of the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jobs.core.job import Priority, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from jobs.core.claim import Candidate, Claim, ClaimResult, Entry, Settlement
    from jobs.core.job import Job, NewJob, Progress

MAX_ATTEMPTS_SHOWN = 1_000
"""The most attempts of a job that are shown: the latest."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The ids of the jobs whose attempts ended as asked.

    `outbox_entries`: the entries of the notification jobs that these ends made.
    """

    ids: frozenset[UUID]
    outbox_entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job after the request to cancel it; `outbox_entries`: as of `Settled`."""

    job: Job
    outbox_entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs: of any of these statuses, types (none: of all) and priorities, with this tag,
    created from `after` on and before `before`, of `owner` (None: of every owner)."""

    statuses: tuple[Status, ...] = tuple(Status)
    types: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = tuple(Priority)
    tag: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class PagePosition:
    """A job's position in the list: the jobs after it are older, or as old with a smaller id."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class QueueState:
    """Whether a queue is paused, and since when: no job of it is started then."""

    priority: Priority
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Open jobs of one queue. `oldest`: seconds for which the oldest ready job has been ready."""

    priority: Priority
    ready: int = 0
    scheduled: int = 0
    in_flight: int = 0
    oldest: float | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Seconds; None where nothing is known."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class TypeStats:
    """Attempts of one type by outcome, how long jobs waited and how long attempts ran."""

    type: str
    completed: int
    failed: int
    cancelled: int
    wait: Percentiles
    run: Percentiles

    @property
    def failure_rate(self) -> float | None:
        """The share of failed attempts among those that completed or failed."""
        ended = self.completed + self.failed
        return self.failed / ended if ended else None


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
        """The job with its latest attempts, at most `MAX_ATTEMPTS_SHOWN`, oldest first."""
        ...

    def payload(self, job_id: UUID) -> str | None:
        """The payload of the job as JSON text: its members in the order in which they were sent."""
        ...

    def page(self, filters: Filters, position: PagePosition | None, limit: int) -> Sequence[Job]:
        """The first `limit` jobs after `position`, newest first, without their history."""
        ...

    def claim(
        self,
        candidates: Sequence[Candidate],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> ClaimResult:
        """Claim those of `candidates` that may be claimed for `lease` seconds; count the attempts.

        Jobs that lost a lease before are claimed only with `alone`, which says that the
        worker holds nothing else and takes nothing else before this one has ended. Pending jobs
        of paused queues are not claimed.
        Safe to ask again with the same token.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """End attempts; return the ids that ended so. Those missing belong to another worker.

        The end of a job that names a callback makes the job that sends it, at the same moment;
        where there is a bus, every end makes one that puts it there, except the ends of such
        notification jobs themselves.

        Safe to ask again with the same settlements.
        """
        ...

    def cancel(self, job_id: UUID) -> Cancelled | None:
        """Cancel a job that has not ended, and return it; one that has is returned as it is.

        That is an end, and notified like any other.
        """
        ...

    def make_due(self, job_id: UUID) -> Job | None:
        """Make a pending job due now, unless it is due already; any job is returned as it is then.

        Raises `JobNotPending`.
        """
        ...

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        """Make a failed job pending again, no attempt counted; note that in its history.

        Safe to ask again with the same token. Raises `JobNotFailed`, `UniqueKeyTaken`.
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

    def report(self, reports: Sequence[tuple[Claim, Progress]]) -> None:
        """Write the progress of attempts; reports of stale claims are ignored."""
        ...

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        """Put claims back as they were, attempt not counted; return the ids put back."""
        ...

    def due(self, limit: int) -> list[Candidate]:
        """Jobs that may be taken now, high before default, then in order of their due time.

        Of a paused queue only those whose lease has ended.
        """
        ...

    def open_entries(self, limit: int) -> list[Entry]:
        """The entries that the queues ought to hold, in no order.

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
        """From now on, claim no job of this queue; one that is paused keeps its time."""
        ...

    def resume(self, priority: Priority) -> QueueState:
        """Let the jobs of this queue be claimed again."""
        ...

    def queues(self) -> Sequence[QueueState]:
        """All queues, in order of service."""
        ...

    def queue_stats(self) -> Sequence[QueueStats]:
        """The open jobs of each queue, in order of service."""
        ...

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        """The latest attempts of each type: up to `sample`, `window` seconds back."""
        ...

    def ping(self) -> None:
        """Answer if a job could be written now, or raise: `TakesNoWrites` says what is wrong."""
        ...
