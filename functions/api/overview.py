"""Answers about queues, statistics and health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from api.answer import HEADERS, utc
from api.errors import PartDown
from api.http import problem
from jobs.core.stats import MAX_SAMPLE_ATTEMPTS, WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.core.health import Component
    from jobs.core.ports.queue import PollerStatus
    from jobs.core.ports.store import QueueState, QueueStats, TypeStats
    from jobs.core.stats import Overview


def queue(state: QueueState) -> Response:
    """A queue, and since when it is paused if it is."""
    paused_at = state.paused_at and utc(state.paused_at)
    body = {"priority": state.priority, "paused": state.paused_at is not None}
    return Response(body | {"pausedAt": paused_at}, {**HEADERS})


def stats(overview: Overview) -> Response:
    """How everything stands."""
    body = {
        "queues": [_queue(each) for each in overview.queues],
        "types": [_type(each) for each in overview.types],
        "window": {"seconds": WINDOW_SECONDS, "attempts": MAX_SAMPLE_ATTEMPTS},
        "pollers": overview.pollers and _presence(overview.pollers),
    }
    return Response(body, {**HEADERS})


def live() -> Response:
    """This function runs; nothing else was asked."""
    return Response({"status": "up"}, {**HEADERS})


def health(parts: Sequence[Component]) -> Response:
    """All is well, or which part is down."""
    states = {"api": {"status": "up"}} | {part.name: _part(part) for part in parts}
    down = "; ".join(f"{part.name}: {part.problem}" for part in parts if part.problem)
    if down:
        return problem(PartDown(down), detail=down, parts=states)
    return Response({"status": "up", "parts": states}, {**HEADERS})


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


def _presence(presence: PollerStatus) -> dict[str, Any]:
    return {"atWork": presence.pollers, "lastSeenSecondsAgo": _rounded(presence.seen)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _part(part: Component) -> dict[str, Any]:
    state: dict[str, Any] = {"status": "down", "fault": part.problem}
    if not part.problem:
        state = {"status": part.state}
    if part.seen is not None:
        state["lastSeenSecondsAgo"] = _rounded(part.seen)
    return state | {"timeMs": round(part.seconds * 1000, 1)}
