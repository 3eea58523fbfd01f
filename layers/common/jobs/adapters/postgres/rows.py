"""Rows of the database: one table of columns fills the inserts and the select list, and rows are
read by the names of their columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jobs.core.claim import Claim, ClaimResult, NotClaimed
from jobs.core.job import (
    JSON_NAMES,
    Attempt,
    AttemptOutcome,
    Backoff,
    BackoffType,
    Job,
    Priority,
    Progress,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jobs.adapters.postgres.connection import Row
    from jobs.core.claim import Settlement
    from jobs.core.job import NewJob, Payload
    from jobs.core.ports.store import Filters, PagePosition

_PRIORITIES = {priority.value: priority for priority in Priority}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table `jobs`.

    `get` takes its value from a new job, `field` is the field of `Job` that shows it, and `decode`
    reads it. `sql` is another expression to read it by. Not `stored`: only an input of `_DERIVED`.
    """

    name: str
    sql_type: str
    get: Callable[[NewJob], Any] | None = None
    field: str | None = None
    decode: Callable[[Any], Any] | None = None
    sql: str | None = None
    stored: bool = True


def _idempotency(name: str) -> Callable[[NewJob], Any]:
    return lambda job: getattr(job.idempotency, name, None)


COLUMNS = (
    Column("id", "uuid", lambda job: str(job.id), "id", UUID),
    Column("type", "text", attrgetter("type"), "type"),
    Column("status", "text", None, "status", Status),
    Column("priority", "text", attrgetter("priority.value"), "priority", Priority),
    Column("payload", "json", attrgetter("payload")),
    Column("attempts", "integer", None, "attempts"),
    Column("max_attempts", "integer", attrgetter("max_attempts"), "max_attempts"),
    Column("result", "json", None, "result"),
    Column("error", "text", None, "error"),
    Column("created_at", "timestamptz", None, "created_at"),
    Column("updated_at", "timestamptz", None, "updated_at"),
    Column("due_at", "timestamptz", None, "due_at"),
    Column("due_in", "float8", None, "due_in", sql="extract(epoch FROM due_at - now())::float8"),
    Column("started_at", "timestamptz", None, "started_at"),
    Column(
        "ended_at",
        "timestamptz",
        None,
        "ended_at",
        sql="CASE WHEN status <> 'processing' THEN ended_at END",
    ),
    Column("tags", "text[]", lambda job: [*job.tags], "tags", tuple),
    Column("backoff", "text", attrgetter("backoff.type.value")),
    Column("backoff_seconds", "float8", attrgetter("backoff.seconds")),
    Column("backoff_jitter", "boolean", attrgetter("backoff.jitter")),
    Column("timeout_seconds", "float8", attrgetter("timeout"), "timeout"),
    Column("owner", "text", attrgetter("owner")),
    Column("callback_url", "text", attrgetter("callback_url"), "callback_url"),
    Column("progress", "float8"),
    Column("progress_message", "text"),
    Column("idempotency_key", "text", _idempotency("key"), "idempotency_key"),
    Column("body_hash", "text", _idempotency("body_hash")),
    Column("unique_key", "text", attrgetter("unique_key"), "unique_key"),
    Column(
        "run_at",
        "timestamptz",
        lambda job: job.run_at and job.run_at.isoformat(),
        stored=False,
    ),
    Column("delay", "float8", attrgetter("delay"), stored=False),
    Column("idempotent_for", "float8", _idempotency("seconds"), stored=False),
    Column("unique_for", "float8", attrgetter("unique_for"), stored=False),
)

_DERIVED = {
    "due_at": "greatest(now(), run_at) + make_interval(secs => delay)",
    "idempotent_until": "now() + make_interval(secs => idempotent_for)",
    "unique_until": "now() + make_interval(secs => unique_for)",
}
"""Columns that an insert computes from its inputs."""

_INPUTS = [each for each in COLUMNS if each.get]
_WRITTEN = {each.name: each.name for each in _INPUTS if each.stored} | _DERIVED
_SHOWN = [each for each in COLUMNS if each.field]
_GROUPED = ("backoff", "backoff_seconds", "backoff_jitter", "progress", "progress_message")
"""Columns of which several make one field."""

CALLBACK_MEMBERS = (
    *("id", "type", "status", "priority", "attempts", "result", "error"),
    *("createdAt", "updatedAt"),
)
EVENT_MEMBERS = (
    *("id", "type", "priority", "status", "attempts", "createdAt", "updatedAt"),
    *("tags", "error"),
)


def fragments() -> dict[str, str]:
    """The parts of statements that the table of columns makes, by their placeholders."""
    shown = [f"{each.sql} AS {each.name}" if each.sql else each.name for each in _SHOWN]
    return {
        "{job_columns}": ", ".join([*shown, *_GROUPED]),
        "{written_columns}": ", ".join(_WRITTEN),
        "{written_values}": ", ".join(_WRITTEN.values()),
        "{input_values}": ", ".join(
            f"%({each.name})s::{each.sql_type} AS {each.name}" for each in _INPUTS
        ),
        "{input_columns}": ", ".join(f"{each.name} {each.sql_type}" for each in _INPUTS),
        "{callback_job}": _json_object(CALLBACK_MEMBERS),
        "{event_job}": _json_object(EVENT_MEMBERS),
    }


def _json_object(members: Iterable[str]) -> str:
    """SQL for the JSON of the row `(job)`, with the member names that the API gives them."""
    columns = {each.field: each for each in _SHOWN}
    made = []
    for member in members:
        column = columns[JSON_NAMES[member]]
        value = f"(job).{column.name}"
        if column.sql_type == "timestamptz":
            value = f"""to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
        made.append(f"'{member}', {value}")
    return f"json_build_object({', '.join(made)})"


def inputs(job: NewJob) -> dict[str, Any]:
    """`job` as `queries/insert_job.sql` takes it."""
    values = {each.name: each.get(job) for each in _INPUTS if each.get}
    return values | {"payload": _compact(job.payload)}


def batch(jobs: Sequence[NewJob]) -> str:
    """`jobs` as `queries/insert_jobs.sql` takes them."""
    elements = [
        {each.name: each.get(job) for each in _INPUTS if each.get} | {"place": place}
        for place, job in enumerate(jobs)
    ]
    return _compact(elements)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def job(row: Row) -> Job:
    """The job in a row that has `{job_columns}`."""
    fields = {
        str(each.field): each.decode(row[each.name]) if each.decode else row[each.name]
        for each in _SHOWN
    }
    percent = row["progress"]
    return Job(
        backoff=_backoff(row),
        progress=None if percent is None else Progress(percent, row["progress_message"]),
        **fields,
    )


def attempt(row: Row) -> Attempt:
    """A row of `queries/list_attempts.sql`."""
    return Attempt(**{**row, "outcome": AttemptOutcome(row["outcome"])})


def filter_values(filters: Filters, position: PagePosition | None) -> dict[str, Any]:
    """`filters` and `position` as the queries that list jobs take them.

    The end of the range and the position are one bound, the lower of both: given two, the index
    would be read from the first of them on.
    """
    ends = [(filters.before, UUID(int=0))] if filters.before else []
    ends += [(position.created_at, position.id)] if position else []
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


def held(claims: Sequence[Claim]) -> dict[str, list[str]]:
    """`claims` as `queries/renew_leases.sql` and `queries/release_claims.sql` take them."""
    return {
        "ids": [str(claim.id) for claim in claims],
        "tokens": [str(claim.token) for claim in claims],
    }


def settlements(ended: Sequence[Settlement]) -> str:
    """`ended` as `queries/settle_attempts.sql` takes them."""
    return json.dumps([_settlement(each) for each in ended])


def reports(progress: Sequence[tuple[Claim, Progress]]) -> str:
    """`progress` as `queries/report_progress.sql` takes it."""
    found = [
        {
            "id": str(claim.id),
            "token": str(claim.token),
            "percent": each.percent,
            "message": each.message,
        }
        for claim, each in progress
    ]
    return json.dumps(found, ensure_ascii=False)


def claim_result(rows: Sequence[Row], token: UUID, *, alone: bool) -> ClaimResult:
    """The rows of `queries/claim_jobs.sql`; `token` and `alone` are its parameters."""
    claims: list[Claim] = []
    lost: list[Claim] = []
    quarantined: list[UUID] = []
    not_claimed: list[NotClaimed] = []
    paused: list[UUID] = []
    for row in rows:
        job_id, queue = UUID(row["id"]), _PRIORITIES[row["queue"]]
        match row["finding"]:
            case "claimed":
                claims.append(_claim(row, token, alone=alone))
            case "lost":
                lost.append(_claim(row, UUID(row["token"]), alone=row["alone"]))
            case "paused":
                paused.append(job_id)
            case "quarantined":
                quarantined.append(job_id)
            case "over":
                not_claimed.append(NotClaimed(job_id, queue, None))
            case "misplaced":
                right = _PRIORITIES[row["priority"]]
                not_claimed.append(NotClaimed(job_id, queue, None))
                not_claimed.append(NotClaimed(job_id, right, row["delay"]))
            case "leased":
                not_claimed.append(NotClaimed(job_id, queue, row["delay"], held=True))
            case "waiting":
                not_claimed.append(NotClaimed(job_id, queue, row["delay"]))
    return ClaimResult(
        tuple(claims), tuple(lost), tuple(quarantined), tuple(not_claimed), tuple(paused)
    )


def _claim(row: Row, token: UUID, *, alone: bool) -> Claim:
    payload, unreadable = _payload(row["payload"])
    return Claim(
        id=UUID(row["id"]),
        type=row["type"],
        priority=_PRIORITIES[row["priority"]],
        payload=payload,
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        token=token,
        alone=alone,
        losses=row["losses"],
        unreadable=unreadable,
        backoff=_backoff(row),
        timeout=row["timeout_seconds"],
        partial=row["partial"],
    )


def _backoff(row: Row) -> Backoff:
    return Backoff(BackoffType(row["backoff"]), row["backoff_seconds"], row["backoff_jitter"])


def _settlement(settlement: Settlement) -> dict[str, Any]:
    result = settlement.result
    return {
        "id": str(settlement.claim.id),
        "token": str(settlement.claim.token),
        "status": settlement.status.value,
        "outcome": settlement.outcome.value,
        "result": None if result is None else json.dumps(result, ensure_ascii=False),
        "error": settlement.error,
        "delay": settlement.delay,
        "lost": settlement.lost,
        "uncounted": settlement.uncounted,
    }


def _payload(text: str) -> tuple[Payload, str | None]:
    """The payload, or an empty one and why it cannot be read: what the API accepts can be."""
    try:
        return json.loads(text), None
    except (ValueError, RecursionError) as error:
        return {}, str(error)
