"""Answers: the JSON of jobs, queues, statistics and health."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chalice.app import Response

from api.problems import AnswerTooLarge, ComponentDown, problem
from jobs.core.job import JSON_NAMES, Backoff, JobOptions, Progress, Status
from jobs.core.job_request import OPTIONS
from jobs.core.list_jobs import MAX_PAGE_BYTES
from jobs.core.read import Link, version
from jobs.core.stats import MAX_SAMPLE_ATTEMPTS, WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jobs.core.control import Retried
    from jobs.core.health import Component
    from jobs.core.job import Attempt, Job, Result
    from jobs.core.list_jobs import Page
    from jobs.core.ports.queue import PollerStatus
    from jobs.core.ports.store import QueueState, QueueStats, TypeStats
    from jobs.core.read import Waiting
    from jobs.core.schema import Schema
    from jobs.core.stats import Overview
    from jobs.core.submit import Accepted

HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
"""Of every answer that is JSON."""

MAX_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024
"""Lambda takes answers of 6 MB; their headers and the envelope around them need some room."""

_TIME = {"$ref": "#/components/schemas/Time"}
_NULL = {"type": "null"}

JOB_SCHEMAS: Mapping[str, Schema] = {
    "id": {"type": "string", "format": "uuid"},
    "type": {"$ref": "#/components/schemas/AnyType"},
    "status": {"$ref": "#/components/schemas/AnyStatus"},
    "priority": {"$ref": "#/components/schemas/AnyPriority"},
    "attempts": {
        "type": "integer",
        "minimum": 0,
        "description": "Attempts started, the running one included.",
    },
    "maxAttempts": {"type": "integer", "minimum": 1},
    "progress": {
        "description": "How far the latest attempt has come, if it reports that.",
        "oneOf": [
            _NULL,
            {
                "type": "object",
                "required": ["percent", "message"],
                "properties": {
                    "percent": {"type": "number", "minimum": 0, "maximum": 100},
                    "message": {"type": ["string", "null"]},
                },
            },
        ],
    },
    "result": {
        "type": ["object", "null"],
        "description": "The return value of the completed job, 256 KiB at most. Before that, what "
        "failed attempts have done nevertheless, where they say so.",
    },
    "error": {
        "type": ["string", "null"],
        "description": "What went wrong in the latest failed attempt.",
    },
    "tags": {"type": "array", "items": {"type": "string"}},
    "createdAt": _TIME,
    "updatedAt": _TIME,
    "startedAt": {"description": "When the latest attempt started.", "oneOf": [_NULL, _TIME]},
    "endedAt": {
        "description": "When the latest attempt ended; null while it runs.",
        "oneOf": [_NULL, _TIME],
    },
}
"""The JSON Schema of each member of `JSON_NAMES`. `make reference` puts them into the OpenAPI
document."""


def accepted(accepted: Accepted) -> Response:
    """The answer to a job: 201 where this request or an earlier one with its idempotency key made
    it, 200 where an open job has its unique key.

    `Location` is relative to the address of the request, which may have a stage before it.
    """
    job = accepted.job
    headers: dict[str, str | list[str]] = {**HEADERS, "Location": f"jobs/{job.id}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    status = HTTPStatus.CREATED if accepted.new or accepted.replayed else HTTPStatus.OK
    return Response({"jobId": str(job.id)}, headers, status.value)


def accepted_batch(accepted: Sequence[Accepted]) -> Response:
    """The answer to a batch: its jobs in its order; `existing`: the job was there before."""
    jobs = [
        {"jobId": str(each.job.id)} | ({} if each.new else {"existing": True}) for each in accepted
    ]
    return Response({"jobs": jobs}, {**HEADERS}, HTTPStatus.CREATED.value)


def job(
    job: Job,
    waiting: Waiting | None,
    includes: Collection[str] = (),
    payload: str | None = None,
) -> Response:
    """A job, why it waits (None: it does not), and what `includes` adds. `payload`: JSON text,
    which is shown as it is.

    Raises `AnswerTooLarge` if the payload does not fit into an answer.
    """
    body = job_json(job)
    if waiting:
        body["waiting"] = _waiting(waiting)
    if "options" in includes:
        body["options"] = _options(job)
    room = MAX_ANSWER_BYTES - _size(body) - (_text_size(payload) if payload else 0)
    if room < 0:
        raise AnswerTooLarge("the payload does not fit into an answer of 6 MB")
    if "attempts" in includes:
        body["attemptHistory"] = _history(job.history, min(room, MAX_PAGE_BYTES))
    text = json.dumps(body, separators=(",", ":"))
    if payload is not None:
        text = f'{text[:-1]},"payload":{payload}}}'
    return Response(text, {**HEADERS, "ETag": f'W/"{version(job)}"'})


def changed_job(job: Job) -> Response:
    """A job that was cancelled or retried."""
    return Response(job_json(job), {**HEADERS})


def result(found: Result | Link) -> Response:
    """The result of a job, or a redirect (303) to the object that it made."""
    if isinstance(found, Link):
        headers: dict[str, str | list[str]] = {**HEADERS, "Location": found.url}
        return Response({"location": found.url}, headers, HTTPStatus.SEE_OTHER.value)
    return Response(found, {**HEADERS})


def page(page: Page) -> Response:
    """A page of jobs. `next` is the cursor of the next page, null on the last."""
    return Response(
        {"jobs": [job_json(each) for each in page.jobs], "next": page.next}, {**HEADERS}
    )


def size(job: Job) -> int:
    """Bytes of `job` in an answer. The runtime escapes the text of an answer once more."""
    return _size(job_json(job))


def retried(retried: Retried) -> Response:
    """How many failed jobs got new attempts; `more`: another request may find others."""
    return Response({"retried": retried.count, "more": retried.more}, {**HEADERS})


def queue(state: QueueState) -> Response:
    """A queue, and since when it is paused (null: it is not)."""
    paused_at = state.paused_at and utc(state.paused_at)
    body = {"priority": state.priority, "paused": state.paused_at is not None}
    return Response(body | {"pausedAt": paused_at}, {**HEADERS})


def stats(overview: Overview) -> Response:
    """The statistics of queues, types and pollers."""
    body = {
        "queues": [_queue_stats(each) for each in overview.queues],
        "types": [_type_stats(each) for each in overview.types],
        "window": {"seconds": WINDOW_SECONDS, "attempts": MAX_SAMPLE_ATTEMPTS},
        "pollers": overview.pollers and _poller_status(overview.pollers),
    }
    return Response(body, {**HEADERS})


def live() -> Response:
    """This function runs; no other component was asked."""
    return Response({"status": "up"}, {**HEADERS})


def health(components: Sequence[Component]) -> Response:
    """The state of each component; a problem document if one of them is down."""
    states = {"api": {"status": "up"}} | {each.name: _component(each) for each in components}
    down = "; ".join(f"{each.name}: {each.problem}" for each in components if each.problem)
    if down:
        return problem(ComponentDown(down), detail=down, parts=states)
    return Response({"status": "up", "parts": states}, {**HEADERS})


def job_json(job: Job) -> dict[str, Any]:
    """The JSON of a job, as it is in every answer."""
    body = {member: _json(getattr(job, field)) for member, field in JSON_NAMES.items()}
    waits = job.due_at and job.status is Status.PENDING
    return body | {"nextRunAt": _json(job.due_at) if waits else None}


def utc(time: datetime) -> str:
    """`2026-01-27T10:30:00.000Z`"""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(value: object) -> Any:
    """The JSON of a field of a job."""
    match value:
        case UUID():
            return str(value)
        case datetime():
            return utc(value)
        case Progress() | Backoff():
            return asdict(value)
        case tuple():
            return [*value]
    return value


def _options(job: Job) -> dict[str, Any]:
    """The options that the row keeps, by the names that they have in a request."""
    kept = (each.name for each in fields(JobOptions))
    return {OPTIONS[name].name: _json(getattr(job, name)) for name in kept}


def _waiting(waiting: Waiting) -> dict[str, Any]:
    body: dict[str, Any] = {"reason": waiting.reason}
    if waiting.position is not None:
        body["position"] = waiting.position
    if waiting.until is not None:
        body["until"] = utc(waiting.until)
    return body


def _history(attempts: Sequence[Attempt], room: int) -> list[dict[str, Any]]:
    """The latest of `attempts`, as many as fit into `room` bytes."""
    shown: list[dict[str, Any]] = []
    for attempt in map(_attempt, reversed(attempts)):
        room -= _size(attempt)
        if room < 0:
            break
        shown.append(attempt)
    return shown[::-1]


def _size(value: object) -> int:
    return _text_size(json.dumps(value, separators=(",", ":")))


def _text_size(text: str) -> int:
    return len(json.dumps(text))


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "startedAt": utc(attempt.started_at),
        "endedAt": utc(attempt.ended_at),
        "outcome": attempt.outcome,
        "error": attempt.error,
        "requestId": attempt.request_id,
    }


def _queue_stats(queue: QueueStats) -> dict[str, Any]:
    return {
        "priority": queue.priority,
        "ready": queue.ready,
        "scheduled": queue.scheduled,
        "inFlight": queue.in_flight,
        "oldestSeconds": _rounded(queue.oldest),
        "paused": queue.paused,
    }


def _type_stats(stats: TypeStats) -> dict[str, Any]:
    return {
        "type": stats.type,
        "completed": stats.completed,
        "failed": stats.failed,
        "cancelled": stats.cancelled,
        "failureRate": _rounded(stats.failure_rate),
        "waitSeconds": {"p50": _rounded(stats.wait.p50), "p99": _rounded(stats.wait.p99)},
        "runSeconds": {"p50": _rounded(stats.run.p50), "p99": _rounded(stats.run.p99)},
    }


def _poller_status(status: PollerStatus) -> dict[str, Any]:
    return {"atWork": status.pollers, "lastSeenSecondsAgo": _rounded(status.seen)}


def _component(component: Component) -> dict[str, Any]:
    state: dict[str, Any] = {"status": "down", "fault": component.problem}
    if not component.problem:
        state = {"status": component.state}
    if component.settings:
        state["fault"] = f"not valid: {', '.join(component.settings)}"
    if component.seen is not None:
        state["lastSeenSecondsAgo"] = _rounded(component.seen)
    return state | {"timeMs": round(component.seconds * 1000, 1)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
