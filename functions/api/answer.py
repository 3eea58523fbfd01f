"""Successful answers about jobs."""

from __future__ import annotations

import json
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from jobs.core.job import Status
from jobs.core.list_jobs import MAX_PAGE_BYTES
from jobs.core.read import Link, version

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from jobs.core.control import Retried
    from jobs.core.job import Attempt, Job, Progress, Result
    from jobs.core.list_jobs import Page
    from jobs.core.read import Waiting
    from jobs.core.submit import Accepted

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
"""Of every answer that is JSON."""


def created(accepted: Accepted) -> Response:
    """A job was accepted: 201, and so again when the request comes again under its key; 200 where
    an open job has its unique key. Its address is relative to this one, which may have a stage
    before it.
    """
    job = accepted.job
    headers: dict[str, str | list[str]] = {**HEADERS, "Location": f"jobs/{job.id}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    status = HTTPStatus.CREATED if accepted.new or accepted.replayed else HTTPStatus.OK
    return Response({"jobId": str(job.id)}, headers, status.value)


def created_many(accepted: Sequence[Accepted]) -> Response:
    """A batch was accepted: the jobs in its order, `existing` those that were there before."""
    jobs = [
        {"jobId": str(each.job.id)} | ({} if each.new else {"existing": True}) for each in accepted
    ]
    return Response({"jobs": jobs}, {**HEADERS}, HTTPStatus.CREATED.value)


def shown(job: Job, waiting: Waiting | None, includes: Collection[str]) -> Response:
    """A job, why it waits if it does, and what `includes` asks for."""
    body = _job(job)
    if waiting:
        body["waiting"] = _waiting(waiting)
    if "attempts" in includes:
        body["attemptHistory"] = _history(job.history)
    return Response(body, {**HEADERS, "ETag": f'W/"{version(job)}"'})


def result(found: Result | Link) -> Response:
    """What a job has made: there, or where it is to be got (303)."""
    if isinstance(found, Link):
        headers: dict[str, str | list[str]] = {**HEADERS, "Location": found.url}
        return Response({"location": found.url}, headers, HTTPStatus.SEE_OTHER.value)
    return Response(found, {**HEADERS})


def listed(page: Page) -> Response:
    """A page of jobs. `next` is the cursor of the next page, null on the last."""
    return Response({"jobs": [_job(job) for job in page.jobs], "next": page.next}, {**HEADERS})


def size(job: Job) -> int:
    """Bytes of `job` in an answer that leaves the function, which escapes its text once more."""
    return _size(_job(job))


def changed(job: Job) -> Response:
    """A job, after something was done to it."""
    return Response(_job(job), {**HEADERS})


def retried(retried: Retried) -> Response:
    """How many failed jobs were given new attempts; `more`: asking again may find others."""
    return Response({"retried": retried.count, "more": retried.more}, {**HEADERS})


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "type": job.type,
        "status": job.status,
        "priority": job.priority,
        "attempts": job.attempts,
        "maxAttempts": job.max_attempts,
        "progress": job.progress and _progress(job.progress),
        "result": job.result,
        "error": job.error,
        "tags": [*job.tags],
        "nextRunAt": utc(job.due_at) if job.due_at and job.status is Status.PENDING else None,
        "createdAt": utc(job.created_at),
        "updatedAt": utc(job.updated_at),
    }


def _progress(progress: Progress) -> dict[str, Any]:
    return {"percent": progress.percent, "message": progress.message}


def _waiting(waiting: Waiting) -> dict[str, Any]:
    body: dict[str, Any] = {"reason": waiting.reason}
    if waiting.position is not None:
        body["position"] = waiting.position
    if waiting.until is not None:
        body["until"] = utc(waiting.until)
    return body


def _history(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    """The latest of `attempts`, as many as an answer has room for."""
    shown: list[dict[str, Any]] = []
    room = MAX_PAGE_BYTES
    for attempt in map(_attempt, reversed(attempts)):
        room -= _size(attempt)
        if room < 0:
            break
        shown.append(attempt)
    return shown[::-1]


def _size(value: object) -> int:
    return len(json.dumps(json.dumps(value, separators=(",", ":"))))


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "startedAt": utc(attempt.started_at),
        "endedAt": utc(attempt.ended_at),
        "outcome": attempt.outcome,
        "error": attempt.error,
        "requestId": attempt.request_id,
    }


def utc(time: datetime) -> str:
    """`2026-01-27T10:30:00.000Z`"""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
