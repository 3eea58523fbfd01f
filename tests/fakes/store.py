"""The rows in memory."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jobs.core.claim import Candidate, Claim, ClaimResult, Entry, NotClaimed
from jobs.core.errors import (
    IdempotencyKeyReused,
    JobNotFailed,
    JobNotPending,
    SchemaMissing,
    UniqueKeyTaken,
)
from jobs.core.job import (
    Attempt,
    AttemptOutcome,
    Job,
    JobOptions,
    NewJob,
    Priority,
    Progress,
    Status,
)
from jobs.core.ports.store import (
    MAX_ATTEMPTS_SHOWN,
    Cancelled,
    Percentiles,
    QueueState,
    QueueStats,
    Settled,
    TypeStats,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from jobs.core.claim import Settlement
    from jobs.core.ports.store import Filters, PagePosition


@dataclass(slots=True)
class Row:
    """What a row of the table `jobs` holds. Times in seconds since the epoch."""

    job: NewJob
    created: float
    updated: float
    due: float
    status: Status = Status.PENDING
    attempts: int = 0
    result: dict[str, Any] | None = None
    error: str | None = None
    lease_until: float = 0.0
    token: UUID | None = None
    started: float | None = None
    ended: float | None = None
    request_id: str | None = None
    losses: int = 0
    alone: bool = False
    progress: Progress | None = None
    history: list[Attempt] = field(default_factory=list)
    retries: set[UUID] = field(default_factory=set)

    @property
    def since(self) -> float:
        """From when on the job may be taken."""
        return self.lease_until if self.status is Status.PROCESSING else self.due


class FakeStore:
    """`JobStore` in a dictionary, on `clock` (seconds). `fault` is raised if set.

    `events`: the end of a job also makes a job that puts it on the event bus.
    `on_schema_missing` is called when `fault` is a `SchemaMissing`.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, events: bool = False) -> None:
        self.fault: Exception | None = None
        self.on_schema_missing: Callable[[], object] = lambda: None
        self.rows: dict[UUID, Row] = {}
        self.paused: dict[Priority, float] = {}
        self._clock = clock
        self._events = events

    def insert(self, job: NewJob) -> Job:
        [stored] = self.insert_all([job])
        return stored

    def insert_all(self, jobs: Sequence[NewJob]) -> list[Job]:
        now = self._now()
        before = dict(self.rows)
        try:
            return [_shown(self._insert(job, now), now) for job in jobs]
        except IdempotencyKeyReused:
            self.rows = before
            raise

    def _insert(self, job: NewJob, now: float) -> Row:
        for row in (self.rows.get(job.id), self._of_request(job, now), self._of_key(job, now)):
            if row:
                return row
        stored = replace(job, payload=json.loads(json.dumps(job.payload)))
        due = max(now, job.run_at.timestamp() if job.run_at else now) + job.delay
        return self.rows.setdefault(job.id, Row(stored, now, now, due))

    def _of_request(self, job: NewJob, now: float) -> Row | None:
        """The row that was stored under the idempotency key of `job`."""
        asked = job.idempotency
        for row in self.rows.values() if asked else ():
            was = row.job.idempotency
            if asked and was and asked.key == was.key and row.job.owner == job.owner:
                if row.created + was.seconds <= now:
                    row.job = replace(row.job, idempotency=None)
                elif asked.body_hash != was.body_hash:
                    raise IdempotencyKeyReused
                else:
                    return row
        return None

    def _of_key(self, job: NewJob, now: float) -> Row | None:
        """The open row that has the unique key of `job`."""
        for row in self._open() if job.unique_key else ():
            if row.job.unique_key == job.unique_key:
                if row.created + (row.job.unique_for or float("inf")) <= now:
                    row.job = replace(row.job, unique_key=None)
                elif row.job.owner == job.owner:
                    return row
        return None

    def get(self, job_id: UUID) -> Job | None:
        now = self._now()
        row = self.rows.get(job_id)
        return (
            replace(_shown(row, now), history=tuple(row.history[-MAX_ATTEMPTS_SHOWN:]))
            if row
            else None
        )

    def page(self, filters: Filters, position: PagePosition | None, limit: int) -> Sequence[Job]:
        now = self._now()
        jobs = [_shown(row, now) for row in self.rows.values()]
        owner = filters.owner
        found = [
            job
            for job in jobs
            if _is_chosen(job, filters)
            and _is_after(job, position)
            and (owner is None or self.rows[job.id].job.owner == owner)
        ]
        return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)[:limit]

    def payload(self, job_id: UUID) -> str | None:
        self._now()
        row = self.rows.get(job_id)
        return json.dumps(row.job.payload, ensure_ascii=False) if row else None

    def claim(
        self,
        candidates: Sequence[Candidate],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> ClaimResult:
        now = self._now()
        claims: list[Claim] = []
        lost: list[Claim] = []
        quarantined: list[UUID] = []
        not_claimed: list[NotClaimed] = []
        paused: list[UUID] = []
        for each in candidates:
            row = self.rows.get(each.id)
            if row is None or row.status.is_final:
                not_claimed.append(NotClaimed(each.id, each.priority, None))
            elif row.job.priority is not each.priority:
                not_claimed.append(NotClaimed(each.id, each.priority, None))
                not_claimed.append(NotClaimed(each.id, row.job.priority, row.since - now))
            elif row.status is Status.PROCESSING and row.token == token:
                claims.append(_claim(row))
            elif row.status is Status.PROCESSING and row.lease_until > now:
                until = row.lease_until - now
                not_claimed.append(NotClaimed(each.id, each.priority, until, held=True))
            elif row.status is Status.PENDING and row.job.priority in self.paused:
                paused.append(each.id)
            elif row.since > now:
                not_claimed.append(NotClaimed(each.id, each.priority, row.since - now))
            elif row.status is Status.PROCESSING:
                lost.append(_claim(row))
            elif row.losses and not alone:
                quarantined.append(each.id)
            else:
                row.status, row.attempts, row.token = Status.PROCESSING, row.attempts + 1, token
                row.lease_until, row.started, row.updated = now + lease, now, now
                row.request_id, row.alone, row.progress = request_id, alone, None
                claims.append(_claim(row))
        return ClaimResult(
            tuple(claims), tuple(lost), tuple(quarantined), tuple(not_claimed), tuple(paused)
        )

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        now = self._now()
        before = set(self.rows)
        ended = [each.claim.id for each in settlements if self._settle(each, now)]
        return Settled(frozenset(ended), self._entries(before))

    def _entries(self, before: set[UUID]) -> tuple[Entry, ...]:
        """Of the jobs that were made since."""
        made = self.rows.keys() - before
        return tuple(Entry(each, self.rows[each].job.priority) for each in made)

    def _notify(self, row: Row, now: float) -> None:
        """Make the notification jobs for the end of a job."""
        if not row.status.is_final:
            return
        job = row.job
        if job.callback_url:
            told = {"id": str(job.id), "status": row.status}
            self._make("CALLBACK", {"url": job.callback_url, "job": told}, job, now)
        if self._events and job.type not in ("CALLBACK", "EVENT"):
            self._make("EVENT", {"job": _event(row)}, job, now)

    def _make(self, kind: str, payload: dict[str, Any], of: NewJob, now: float) -> None:
        made = NewJob(uuid4(), kind, payload, priority=of.priority, max_attempts=8, owner=of.owner)
        self.rows[made.id] = Row(made, now, now, now)

    def _settle(self, end: Settlement, now: float) -> bool:
        row = self.rows.get(end.claim.id)
        if row is None or row.token != end.claim.token:
            return False
        if row.status is not Status.PROCESSING:
            return row.status is end.status and row.history[-1].outcome == end.outcome
        if end.lost and row.lease_until > now:
            return False
        row.history.append(_attempt(row, now, end.outcome, end.error))
        row.status, row.error, row.updated, row.ended = end.status, end.error, now, now
        row.result = json.loads(json.dumps(end.result))
        row.attempts -= end.uncounted
        row.losses += end.lost
        if end.status is Status.PENDING:
            row.due = now + (end.delay or 0.0)
        self._notify(row, now)
        return True

    def cancel(self, job_id: UUID) -> Cancelled | None:
        now = self._now()
        before = set(self.rows)
        row = self.rows.get(job_id)
        if row is None:
            return None
        if row.status is Status.PROCESSING:
            row.history.append(_attempt(row, now, AttemptOutcome.CANCELLED, None))
            row.ended = now
        if not row.status.is_final:
            row.status, row.updated = Status.CANCELLED, now
            self._notify(row, now)
        return Cancelled(_shown(row, now), self._entries(before))

    def make_due(self, job_id: UUID) -> Job | None:
        now = self._now()
        row = self.rows.get(job_id)
        if row and row.status is not Status.PENDING:
            raise JobNotPending(f"the job is {row.status}, and does not wait to be run")
        if row and row.due > now:
            row.due = row.updated = now
        return _shown(row, now) if row else None

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        now = self._now()
        row = self.rows.get(job_id)
        if row and token not in row.retries:
            if row.status is not Status.FAILED:
                raise JobNotFailed(f"the job is {row.status}, and has not failed")
            if self._of_key(row.job, now):
                raise UniqueKeyTaken
            self._retry(row, token, request_id, now)
        return _shown(row, now) if row else None

    def retry_all(
        self,
        job_type: str | None,
        since: datetime | None,
        token: UUID,
        *,
        limit: int,
        request_id: str | None,
    ) -> tuple[Sequence[Job], bool]:
        now = self._now()
        failed = [
            row
            for row in self.rows.values()
            if row.status is Status.FAILED
            and job_type in (None, row.job.type)
            and (since is None or _utc(row.updated) >= since)
            and not self._of_key(row.job, now)
        ]
        failed.sort(key=lambda row: row.updated)
        retried = []
        for row in failed[:limit]:
            if not self._of_key(row.job, now):
                self._retry(row, token, request_id, now)
                retried.append(_shown(row, now))
        return retried, len(failed) >= limit

    def _retry(self, row: Row, token: UUID, request_id: str | None, now: float) -> None:
        note = Attempt(row.attempts, _utc(now), _utc(now), AttemptOutcome.RETRIED, None, request_id)
        row.history.append(note)
        row.retries.add(token)
        row.status, row.attempts, row.losses, row.token = Status.PENDING, 0, 0, None
        row.progress, row.due, row.updated = None, now, now

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        now = self._now()
        held = [row for row in self._held(claims) if row.lease_until > now]
        for row in held:
            row.lease_until = now + lease
        return frozenset(row.job.id for row in held)

    def report(self, reports: Sequence[tuple[Claim, Progress]]) -> None:
        now = self._now()
        for claim, progress in reports:
            for row in self._held([claim]):
                row.progress, row.updated = progress, now

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        now = self._now()
        held = self._held(claims)
        for row in held:
            row.status, row.attempts, row.token = Status.PENDING, row.attempts - 1, None
            row.started, row.updated = _last_start(row), now
        return frozenset(row.job.id for row in held)

    def due(self, limit: int) -> list[Candidate]:
        now = self._now()
        ready = [row for row in self._takeable() if row.since <= now]
        ready.sort(key=lambda row: row.job.priority.rank)
        return [Candidate(row.job.id, row.job.priority, 0.0) for row in ready[:limit]]

    def open_entries(self, limit: int) -> list[Entry]:
        now = self._now()
        return [
            Entry(row.job.id, priority, row.since - now)
            for priority in Priority
            for row in [row for row in self._takeable() if row.job.priority is priority][:limit]
        ]

    def next_due(self) -> float | None:
        now = self._now()
        return next((row.since - now for row in self._takeable()), None)

    def last_lease(self) -> float | None:
        now = self._now()
        working = (row for row in self.rows.values() if row.status is Status.PROCESSING)
        return max((row.lease_until - now for row in working), default=None)

    def pause(self, priority: Priority) -> QueueState:
        self.paused.setdefault(priority, self._now())
        return self._state(priority)

    def resume(self, priority: Priority) -> QueueState:
        self._now()
        self.paused.pop(priority, None)
        return self._state(priority)

    def queues(self) -> Sequence[QueueState]:
        self._now()
        return [self._state(priority) for priority in Priority]

    def _state(self, priority: Priority) -> QueueState:
        since = self.paused.get(priority)
        return QueueState(priority, None if since is None else _utc(since))

    def queue_stats(self) -> Sequence[QueueStats]:
        now = self._now()
        return [self._queue_stats(priority, now) for priority in Priority]

    def _queue_stats(self, priority: Priority, now: float) -> QueueStats:
        rows = [row for row in self._open() if row.job.priority is priority]
        pending = [row.due for row in rows if row.status is Status.PENDING]
        ready = [due for due in pending if due <= now]
        return QueueStats(
            priority,
            len(ready),
            len(pending) - len(ready),
            len(rows) - len(pending),
            now - min(ready) if ready else None,
            priority in self.paused,
        )

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        now = self._now()
        found: dict[str, list[tuple[Attempt, float | None]]] = {}
        latest = [
            (each, row)
            for row in self.rows.values()
            for each in row.history
            if each.ended_at.timestamp() > now - window
            and each.outcome is not AttemptOutcome.RETRIED
        ]
        latest.sort(key=lambda pair: pair[0].ended_at, reverse=True)
        for each, row in latest[:sample]:
            known = each is row.history[-1] and row.status is not Status.PENDING
            wait = max(0.0, each.started_at.timestamp() - row.due) if known else None
            found.setdefault(row.job.type, []).append((each, wait))
        return [_type_stats(kind, attempts) for kind, attempts in sorted(found.items())]

    def ping(self) -> None:
        self._now()

    def _now(self) -> float:
        if isinstance(self.fault, SchemaMissing):
            self.on_schema_missing()
        if self.fault:
            raise self.fault
        return self._clock()

    def _open(self) -> list[Row]:
        """The rows that are not final, by the time from which they may be taken."""
        rows = [row for row in self.rows.values() if not row.status.is_final]
        return sorted(rows, key=lambda row: row.since)

    def _takeable(self) -> list[Row]:
        """The open rows, but for what waits in paused queues."""
        return [
            row
            for row in self._open()
            if row.status is Status.PROCESSING or row.job.priority not in self.paused
        ]

    def _held(self, claims: Sequence[Claim]) -> list[Row]:
        return [
            self.rows[claim.id]
            for claim in claims
            if self.rows[claim.id].token == claim.token
            and self.rows[claim.id].status is Status.PROCESSING
        ]


def _shown(row: Row, now: float) -> Job:
    return Job(
        id=row.job.id,
        type=row.job.type,
        status=row.status,
        attempts=row.attempts,
        result=row.result,
        error=row.error,
        created_at=_utc(row.created),
        updated_at=_utc(row.updated),
        due_at=_utc(row.due),
        due_in=row.due - now,
        started_at=None if row.started is None else _utc(row.started),
        ended_at=_ended_at(row),
        progress=row.progress,
        idempotency_key=row.job.idempotency.key if row.job.idempotency else None,
        **{each.name: getattr(row.job, each.name) for each in fields(JobOptions)},
    )


def _ended_at(row: Row) -> datetime | None:
    if row.ended is None or row.status is Status.PROCESSING:
        return None
    return _utc(row.ended)


def _last_start(row: Row) -> float | None:
    """When the latest attempt that has ended was started."""
    starts = [
        each.started_at.timestamp()
        for each in row.history
        if each.outcome is not AttemptOutcome.RETRIED
    ]
    return max(starts, default=None)


def _event(row: Row) -> dict[str, Any]:
    told = {
        "id": str(row.job.id),
        "type": row.job.type,
        "priority": row.job.priority.value,
        "status": row.status.value,
        "attempts": row.attempts,
        "createdAt": _written(row.created),
        "updatedAt": _written(row.updated),
        "tags": [*row.job.tags],
    }
    return told if row.error is None else told | {"error": row.error}


def _attempt(row: Row, now: float, outcome: AttemptOutcome, error: str | None) -> Attempt:
    assert row.started is not None
    return Attempt(row.attempts, _utc(row.started), _utc(now), outcome, error, row.request_id)


def _type_stats(kind: str, attempts: list[tuple[Attempt, float | None]]) -> TypeStats:
    outcomes: Counter[str] = Counter(each.outcome for each, _ in attempts)
    return TypeStats(
        kind,
        outcomes["completed"],
        outcomes["failed"] + outcomes["unknown"] + outcomes["lost"],
        outcomes["cancelled"],
        _percentiles([wait for _, wait in attempts if wait is not None]),
        _percentiles([(each.ended_at - each.started_at).total_seconds() for each, _ in attempts]),
    )


def _percentiles(values: list[float]) -> Percentiles:
    if not values:
        return Percentiles(None, None)
    if len(values) == 1:
        return Percentiles(values[0], values[0])
    cuts = quantiles(values, n=100, method="inclusive")
    return Percentiles(cuts[49], cuts[98])


def _is_chosen(job: Job, filters: Filters) -> bool:
    return (
        job.status in filters.statuses
        and (not filters.types or job.type in filters.types)
        and job.priority in filters.priorities
        and (filters.tag is None or filters.tag in job.tags)
        and (filters.after is None or job.created_at >= filters.after)
        and (filters.before is None or job.created_at < filters.before)
    )


def _is_after(job: Job, position: PagePosition | None) -> bool:
    return position is None or (job.created_at, job.id) < (position.created_at, position.id)


def _claim(row: Row) -> Claim:
    assert row.token
    return Claim(
        row.job.id,
        row.job.type,
        row.job.priority,
        row.job.payload,
        row.attempts,
        row.job.max_attempts,
        row.token,
        row.alone,
        row.losses,
        backoff=row.job.backoff,
        timeout=row.job.timeout,
        partial=row.result,
    )


def _written(seconds: float) -> str:
    return _utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
