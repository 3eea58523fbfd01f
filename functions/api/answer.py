"""What is answered when all goes well."""

from __future__ import annotations

import json
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from api.errors import PartDown
from api.http import problem
from jobs.core.listing import LARGEST
from jobs.core.model import Status
from jobs.core.result import Link
from jobs.core.stats import SAMPLE, WINDOW
from jobs.core.watch import version

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from jobs.core.control import Retried
    from jobs.core.health import Part
    from jobs.core.listing import Page
    from jobs.core.model import Attempt, Job, Progress, QueueState, Result
    from jobs.core.ports.queue import Presence
    from jobs.core.stats import Overview, QueueStats, TypeStats
    from jobs.core.submit import Accepted
    from jobs.core.waiting import Waiting

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def created(accepted: Accepted) -> Response:
    """A job was accepted: 201, and so again when the request comes again under its key; 200 where
    an open job has its unique key. Its address is relative to this one, which may have a stage
    before it.
    """
    job = accepted.job
    headers: dict[str, str | list[str]] = {**_HEADERS, "Location": f"jobs/{job.id}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    status = HTTPStatus.CREATED if accepted.new or accepted.replayed else HTTPStatus.OK
    return Response({"jobId": str(job.id)}, headers, status.value)


def created_many(accepted: Sequence[Accepted]) -> Response:
    """A batch was accepted: the jobs in its order, `existing` those that were there before."""
    jobs = [
        {"jobId": str(each.job.id)} | ({} if each.new else {"existing": True}) for each in accepted
    ]
    return Response({"jobs": jobs}, {**_HEADERS}, HTTPStatus.CREATED.value)


def shown(job: Job, waiting: Waiting | None, includes: Collection[str]) -> Response:
    """A job, why it waits if it does, and what `includes` asks for."""
    body = _job(job)
    if waiting:
        body["waiting"] = _waiting(waiting)
    if "attempts" in includes:
        body["attemptHistory"] = _history(job.history)
    return Response(body, {**_HEADERS, "ETag": f'W/"{version(job)}"'})


def result(found: Result | Link) -> Response:
    """What a job has made: there, or where it is to be got (303)."""
    if isinstance(found, Link):
        headers: dict[str, str | list[str]] = {**_HEADERS, "Location": found.url}
        return Response({"location": found.url}, headers, HTTPStatus.SEE_OTHER.value)
    return Response(found, {**_HEADERS})


def listed(page: Page) -> Response:
    """A page of jobs. `next` is the cursor of the next page, null on the last."""
    return Response({"jobs": [_job(job) for job in page.jobs], "next": page.next}, {**_HEADERS})


def size(job: Job) -> int:
    """Bytes of `job` in an answer that leaves the function, which escapes its text once more."""
    return _size(_job(job))


def changed(job: Job) -> Response:
    """A job, after something was done to it."""
    return Response(_job(job), {**_HEADERS})


def retried(retried: Retried) -> Response:
    """How many failed jobs were given new attempts; `more`: asking again may find others."""
    return Response({"retried": retried.count, "more": retried.more}, {**_HEADERS})


def queue(state: QueueState) -> Response:
    """A queue, and since when it is paused if it is."""
    paused_at = state.paused_at and utc(state.paused_at)
    body = {"priority": state.priority, "paused": state.paused_at is not None}
    return Response(body | {"pausedAt": paused_at}, {**_HEADERS})


def stats(overview: Overview) -> Response:
    """How everything stands."""
    body = {
        "queues": [_queue(each) for each in overview.queues],
        "types": [_type(each) for each in overview.types],
        "window": {"seconds": WINDOW, "attempts": SAMPLE},
        "pollers": overview.presence and _presence(overview.presence),
    }
    return Response(body, {**_HEADERS})


def live() -> Response:
    """This function runs; nothing else was asked."""
    return Response({"status": "up"}, {**_HEADERS})


def health(parts: Sequence[Part]) -> Response:
    """All is well, or which part is down."""
    states = {"api": {"status": "up"}} | {part.name: _part(part) for part in parts}
    down = "; ".join(f"{part.name}: {part.fault}" for part in parts if part.fault)
    if down:
        return problem(PartDown(down), detail=down, parts=states)
    return Response({"status": "up", "parts": states}, {**_HEADERS})


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
    room = LARGEST
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


def _queue(queue: QueueStats) -> dict[str, Any]:
    return {
        "priority": queue.priority,
        "ready": queue.ready,
        "scheduled": queue.scheduled,
        "inFlight": queue.in_flight,
        "oldestSeconds": _rounded(queue.oldest),
        "paused": queue.paused,
    }


def _type(each: TypeStats) -> dict[str, Any]:
    return {
        "type": each.type,
        "completed": each.completed,
        "failed": each.failed,
        "cancelled": each.cancelled,
        "failureRate": _rounded(each.failure_rate),
        "waitSeconds": {"p50": _rounded(each.wait.p50), "p99": _rounded(each.wait.p99)},
        "runSeconds": {"p50": _rounded(each.run.p50), "p99": _rounded(each.run.p99)},
    }


def _presence(presence: Presence) -> dict[str, Any]:
    return {"atWork": presence.pollers, "lastSeenSecondsAgo": _rounded(presence.seen)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _part(part: Part) -> dict[str, Any]:
    state: dict[str, Any] = {"status": "down", "fault": part.fault}
    if not part.fault:
        state = {"status": part.state}
    if part.seen is not None:
        state["lastSeenSecondsAgo"] = _rounded(part.seen)
    return state | {"timeMs": round(part.seconds * 1000, 1)}


def utc(time: datetime) -> str:
    """`2026-01-27T10:30:00.000Z`"""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
