"""Jobs as the database has them: what goes into a row, and what a row says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jobs.core.model import Backoff, BackoffType, Job, Priority, Progress, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.adapters.postgres.connection import Row
    from jobs.core.listing import Filters, Place
    from jobs.core.model import NewJob


def job(row: Row) -> Job:
    """A row of `queries/job.sql`."""
    job_id, kind, status, priority, attempts, most, result, error, created, updated = row[:10]
    due_at, due_in, tags, growth, seconds, jitter, timeout, percent, message, *keys = row[10:]
    idempotency_key, unique_key = keys
    return Job(
        UUID(job_id),
        kind,
        Status(status),
        Priority(priority),
        attempts,
        most,
        result,
        error,
        created,
        updated,
        due_at,
        due_in,
        tuple(tags),
        Backoff(BackoffType(growth), seconds, jitter),
        timeout,
        None if percent is None else Progress(percent, message),
        idempotency_key,
        unique_key,
    )


def values(job: NewJob) -> dict[str, Any]:
    """The columns of `job`, but for its payload and its keys."""
    return {
        "id": str(job.id),
        "type": job.type,
        "priority": job.priority.value,
        "max_attempts": job.max_attempts,
        "run_at": job.run_at and job.run_at.isoformat(),
        "delay": job.delay,
        "tags": [*job.tags],
        "backoff": job.backoff.type.value,
        "backoff_seconds": job.backoff.seconds,
        "backoff_jitter": job.backoff.jitter,
        "timeout_seconds": job.timeout,
        "owner": job.owner,
        "callback_url": job.callback_url,
    }


def batch(jobs: Sequence[NewJob]) -> str:
    """`jobs` as `queries/insert_all.sql` takes them."""
    elements = [
        values(each)
        | {
            "place": place,
            "payload": each.payload,
            "idempotency_key": each.idempotency and each.idempotency.key,
            "body_hash": each.idempotency and each.idempotency.body_hash,
            "idempotent_for": each.idempotency and each.idempotency.seconds,
            "unique_key": each.unique_key,
            "unique_for": each.unique_for,
        }
        for place, each in enumerate(jobs)
    ]
    return json.dumps(elements, ensure_ascii=False)


def choice(filters: Filters, place: Place | None) -> dict[str, Any]:
    """`filters` and `place` as the queries that list jobs take them.

    The end of the range and the place are one bound, the lower of both: given two, the index
    would be read from the first of them on.
    """
    ends = [(filters.before, UUID(int=0))] if filters.before else []
    ends += [(place.created_at, place.id)] if place else []
    before, before_id = min(ends, default=(None, UUID(int=0)))
    return {
        "statuses": [status.value for status in filters.statuses],
        "types": [*filters.types],
        "priorities": [priority.value for priority in filters.priorities],
        "tag": filters.tag,
        "owner": filters.owner,
        "after": filters.after.isoformat() if filters.after else "-infinity",
        "before": before.isoformat() if before else "infinity",
        "before_id": str(before_id),
    }
