"""The jobs in PostgreSQL: each step of the protocol is one statement for the whole batch."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from jobs.adapters.postgres import records
from jobs.adapters.postgres.claims import claimed, endings, held, ids, reports
from jobs.adapters.postgres.statements import statement
from jobs.core.errors import IdempotencyKeyReused, NotFailed, UniqueKeyTaken
from jobs.core.model import MOST_SHOWN, Attempt, Hint, Priority, QueueState
from jobs.core.ports.queue import Entry
from jobs.core.ports.store import Cancelled, Settled
from jobs.core.stats import Percentiles, QueueStats, TypeStats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jobs.adapters.postgres.connection import Connection, Row
    from jobs.core.listing import Filters, Place
    from jobs.core.model import Claim, Claimed, Job, NewJob, Progress
    from jobs.core.retry import Settlement


class PostgresStore:
    """`JobStore` on PostgreSQL; nothing it does needs a session that outlives a statement.

    `events`: the end of a job is to be told on the bus.
    """

    def __init__(self, connection: Connection, *, events: bool = False) -> None:
        self._connection = connection
        self._events = events

    def insert(self, job: NewJob) -> Job:
        if job.idempotency or job.unique_key:
            [stored] = self.insert_all([job])
            return stored
        values = records.values(job)
        values["payload"] = json.dumps(job.payload, ensure_ascii=False)
        # Sent again while the first sending was under way, it waited for that and saw no row yet.
        [row] = self._rows("insert", **values) or self._rows("insert", **values)
        return records.job(row)

    def insert_all(self, jobs: Sequence[NewJob]) -> list[Job]:
        rows = self._rows("insert_all", jobs=records.batch(jobs))
        found = [records.job(row[1:]) for row in rows]
        for job, stored, (body_hash, *_) in zip(jobs, found, rows, strict=True):
            same_key = job.idempotency and job.idempotency.key == stored.idempotency_key
            if job.idempotency and same_key and body_hash != job.idempotency.body_hash:
                raise IdempotencyKeyReused
        return found

    def get(self, job_id: UUID) -> Job | None:
        rows = self._rows("get", id=str(job_id))
        if not rows:
            return None
        history = self._rows("history", id=str(job_id), limit=MOST_SHOWN)
        return replace(records.job(rows[0]), history=tuple(Attempt(*row) for row in history))

    def page(self, filters: Filters, place: Place | None, limit: int) -> Sequence[Job]:
        owned, tagged = filters.owner is not None, filters.tag is not None
        query = statement("list", owned=owned, tagged=tagged)
        values = records.choice(filters, place) | {"limit": limit}
        return [records.job(row) for row in self._connection.rows(query, values)]

    def claim(
        self,
        hints: Sequence[Hint],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> Claimed:
        rows = self._rows(
            "claim",
            ids=[str(hint.id) for hint in hints],
            priorities=[hint.priority.value for hint in hints],
            token=str(token),
            lease=lease,
            request_id=request_id,
            alone=alone,
        )
        return claimed(rows, token, alone=alone)

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        rows = self._rows("settle", endings=endings(settlements))
        return Settled.of(
            (UUID(job_id) for job_id, priority in rows if priority is None),
            (Entry(UUID(job_id), Priority(priority)) for job_id, priority in rows if priority),
        )

    def cancel(self, job_id: UUID) -> Cancelled | None:
        for born, *row in self._rows("cancel", id=str(job_id)):
            job = records.job(tuple(row))
            return Cancelled(job, tuple(Entry(UUID(each), job.priority) for each in born))
        return None

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        rows = self._rows("retry", id=str(job_id), token=str(token), request_id=request_id)
        for finding, *row in rows:
            if finding == "key taken":
                raise UniqueKeyTaken
            if finding == "not failed":
                raise NotFailed(f"the job is {records.job(tuple(row)).status}, and has not failed")
            return records.job(tuple(row))
        return None

    def retry_all(
        self,
        job_type: str | None,
        since: datetime | None,
        token: UUID,
        *,
        limit: int,
        request_id: str | None,
    ) -> tuple[Sequence[Job], bool]:
        rows = self._rows(
            "retry_all",
            type=job_type,
            since=since.isoformat() if since else "-infinity",
            token=str(token),
            limit=limit,
            request_id=request_id,
        )
        return [records.job(row[1:]) for row in rows], any(more for more, *_ in rows)

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        return ids(self._rows("renew", lease=lease, **held(claims)))

    def report(self, news: Sequence[tuple[Claim, Progress]]) -> None:
        self._rows("report", reports=reports(news))

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        return ids(self._rows("release", **held(claims)))

    def due(self, limit: int) -> list[Hint]:
        rows = self._rows("due", limit=limit)
        return [Hint(UUID(job_id), Priority(priority), 0.0) for job_id, priority in rows]

    def open_entries(self, limit: int) -> list[Entry]:
        rows = self._rows("open_entries", limit=limit)
        return [Entry(UUID(job_id), Priority(priority), delay) for job_id, priority, delay in rows]

    def next_due(self) -> float | None:
        [(seconds,)] = self._rows("next_due")
        return None if seconds is None else float(seconds)

    def last_lease(self) -> float | None:
        [(seconds,)] = self._rows("last_lease")
        return None if seconds is None else float(seconds)

    def pause(self, priority: Priority) -> QueueState:
        return self._queue("pause", priority)

    def resume(self, priority: Priority) -> QueueState:
        return self._queue("resume", priority)

    def _queue(self, query: str, priority: Priority) -> QueueState:
        [(_, paused_at)] = self._rows(query, priority=priority.value)
        return QueueState(priority, paused_at)

    def queues(self) -> Sequence[QueueState]:
        found = {Priority(priority): paused_at for priority, paused_at in self._rows("queues")}
        return [QueueState(priority, found[priority]) for priority in Priority]

    def queue_stats(self) -> Sequence[QueueStats]:
        found = {Priority(priority): rest for priority, *rest in self._rows("stats_queues")}
        return [QueueStats(priority, *found.get(priority, ())) for priority in Priority]

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        rows = self._rows("stats_types", window=window, sample=sample)
        return [
            TypeStats(kind, done, failed, cancelled, Percentiles(*rest[:2]), Percentiles(*rest[2:]))
            for kind, done, failed, cancelled, *rest in rows
        ]

    def ping(self) -> None:
        self._rows("ping")

    def _rows(self, query: str, **values: object) -> list[Row]:
        return self._connection.rows(statement(query, events=self._events), values)
