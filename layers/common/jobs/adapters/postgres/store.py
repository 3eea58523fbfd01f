"""The jobs in PostgreSQL: each step of the protocol is one statement for the whole batch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from jobs.adapters.postgres import rows
from jobs.adapters.postgres.connection import READ_ONLY
from jobs.adapters.postgres.migrate import latest_migration
from jobs.adapters.postgres.statements import statement
from jobs.core.claim import Candidate, Entry
from jobs.core.errors import (
    IdempotencyKeyReused,
    JobNotFailed,
    JobNotPending,
    StoreTakesNoWrites,
    UniqueKeyTaken,
)
from jobs.core.job import Priority, Status
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
    from collections.abc import Sequence
    from datetime import datetime

    from jobs.adapters.postgres.connection import Connection, Row
    from jobs.core.claim import Claim, ClaimResult, Settlement
    from jobs.core.job import Job, NewJob, Progress
    from jobs.core.ports.store import Filters, PagePosition


class PostgresStore:
    """`JobStore` on PostgreSQL; nothing it does needs a session that outlives a statement.

    `events`: the end of a job also makes a job that puts it on the event bus.
    """

    def __init__(self, connection: Connection, *, events: bool = False) -> None:
        self._connection = connection
        self._events = events

    def insert(self, job: NewJob) -> Job:
        if job.idempotency or job.unique_key:
            [stored] = self.insert_all([job])
            return stored
        values = rows.inputs(job)
        # Sent again while the first sending was under way, it waited for that and saw no row yet.
        [row] = self._connection.rows(statement("insert_job"), values, complete=bool)
        return rows.job(row)

    def insert_all(self, jobs: Sequence[NewJob]) -> list[Job]:
        # Where no other job can be in the way, either all are stored or none.
        keyed = any(job.idempotency or job.unique_key for job in jobs)
        answers = self._connection.rows(
            statement("insert_jobs"),
            {"jobs": rows.batch(jobs)},
            complete=lambda found: not any(row["unseen"] for row in found),
            all_or_none=keyed and len(jobs) > 1,
        )
        found = [rows.job(row) for row in answers]
        for job, stored, row in zip(jobs, found, answers, strict=True):
            same_key = job.idempotency and job.idempotency.key == stored.idempotency_key
            if job.idempotency and same_key and row["stored_hash"] != job.idempotency.body_hash:
                raise IdempotencyKeyReused
        return found

    def get(self, job_id: UUID) -> Job | None:
        found = self._rows("get_job", id=str(job_id))
        if not found:
            return None
        history = self._rows("list_attempts", id=str(job_id), limit=MAX_ATTEMPTS_SHOWN)
        return replace(rows.job(found[0]), history=tuple(rows.attempt(row) for row in history))

    def payload(self, job_id: UUID) -> str | None:
        for row in self._rows("get_payload", id=str(job_id)):
            return str(row["payload"])
        return None

    def page(self, filters: Filters, position: PagePosition | None, limit: int) -> Sequence[Job]:
        owned, tagged = filters.owner is not None, filters.tag is not None
        query = statement("list_jobs", owned=owned, tagged=tagged)
        values = rows.filter_values(filters, position) | {"limit": limit}
        return [rows.job(row) for row in self._connection.rows(query, values)]

    def claim(
        self,
        candidates: Sequence[Candidate],
        token: UUID,
        *,
        lease: float,
        request_id: str | None,
        alone: bool = False,
    ) -> ClaimResult:
        found = self._rows(
            "claim_jobs",
            ids=[str(each.id) for each in candidates],
            priorities=[each.priority.value for each in candidates],
            token=str(token),
            lease=lease,
            request_id=request_id,
            alone=alone,
        )
        return rows.claim_result(found, token, alone=alone)

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        found = self._rows("settle_attempts", settlements=rows.settlements(settlements))
        ended = [row for row in found if row["priority"] is None]
        made = [row for row in found if row["priority"] is not None]
        entries = (Entry(UUID(row["id"]), Priority(row["priority"])) for row in made)
        return Settled(_ids(ended), tuple(entries))

    def cancel(self, job_id: UUID) -> Cancelled | None:
        for row in self._rows("cancel_job", id=str(job_id)):
            job = rows.job(row)
            entries = tuple(Entry(UUID(each), job.priority) for each in row["outbox_entries"])
            return Cancelled(job, entries)
        return None

    def make_due(self, job_id: UUID) -> Job | None:
        for row in self._rows("make_job_due", id=str(job_id)):
            job = rows.job(row)
            if job.status is not Status.PENDING:
                raise JobNotPending(f"the job is {job.status}, and does not wait to be run")
            return job
        return None

    def retry(self, job_id: UUID, token: UUID, *, request_id: str | None) -> Job | None:
        for row in self._rows("retry_job", id=str(job_id), token=str(token), request_id=request_id):
            job = rows.job(row)
            if row["finding"] == "key taken":
                raise UniqueKeyTaken
            if row["finding"] == "not failed":
                raise JobNotFailed(f"the job is {job.status}, and has not failed")
            return job
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
        found = self._rows(
            "retry_jobs",
            type=job_type,
            since=since.isoformat() if since else "-infinity",
            token=str(token),
            limit=limit,
            request_id=request_id,
        )
        return [rows.job(row) for row in found], any(row["more"] for row in found)

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        return _ids(self._rows("renew_leases", lease=lease, **rows.held(claims)))

    def report(self, reports: Sequence[tuple[Claim, Progress]]) -> None:
        self._rows("report_progress", reports=rows.reports(reports))

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        return _ids(self._rows("release_claims", **rows.held(claims)))

    def due(self, limit: int) -> list[Candidate]:
        found = self._rows("list_due_jobs", limit=limit)
        return [Candidate(UUID(row["id"]), Priority(row["priority"]), 0.0) for row in found]

    def open_entries(self, limit: int) -> list[Entry]:
        found = self._rows("list_open_entries", limit=limit)
        return [Entry(UUID(row["id"]), Priority(row["priority"]), row["delay"]) for row in found]

    def next_due(self) -> float | None:
        return self._seconds("get_next_due")

    def last_lease(self) -> float | None:
        return self._seconds("get_last_lease")

    def _seconds(self, query: str) -> float | None:
        [row] = self._rows(query)
        return None if row["seconds"] is None else float(row["seconds"])

    def pause(self, priority: Priority) -> QueueState:
        return self._queue("pause_queue", priority)

    def resume(self, priority: Priority) -> QueueState:
        return self._queue("resume_queue", priority)

    def _queue(self, query: str, priority: Priority) -> QueueState:
        [row] = self._rows(query, priority=priority.value)
        return QueueState(priority, row["paused_at"])

    def queues(self) -> Sequence[QueueState]:
        paused = {row["priority"]: row["paused_at"] for row in self._rows("list_queues")}
        return [QueueState(priority, paused[priority]) for priority in Priority]

    def queue_stats(self) -> Sequence[QueueStats]:
        found = {row["priority"]: row for row in self._rows("count_open_jobs")}
        empty: Row = {}
        return [
            QueueStats(**{**found.get(priority, empty), "priority": priority})
            for priority in Priority
        ]

    def type_stats(self, *, window: float, sample: int) -> Sequence[TypeStats]:
        return [
            TypeStats(
                row["type"],
                row["completed"],
                row["failed"],
                row["cancelled"],
                Percentiles(row["wait_p50"], row["wait_p99"]),
                Percentiles(row["run_p50"], row["run_p99"]),
            )
            for row in self._rows("summarize_attempts", window=window, sample=sample)
        ]

    def ping(self) -> None:
        # Anew, as an environment that starts now would: what new sessions get counts as well.
        self._connection.close()
        found = self._rows("check_schema", latest=latest_migration())
        if not found:
            raise self._connection.schema_missing()
        if found[0]["read_only"]:
            raise StoreTakesNoWrites(READ_ONLY)
        if not found[0]["may_write"]:
            raise StoreTakesNoWrites("takes no writes: its user may not write jobs")

    def _rows(self, query: str, **values: object) -> list[Row]:
        return self._connection.rows(statement(query, events=self._events), values)


def _ids(found: Sequence[Row]) -> frozenset[UUID]:
    return frozenset(UUID(row["id"]) for row in found)
