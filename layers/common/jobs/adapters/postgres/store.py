"""The jobs in PostgreSQL: each step of the protocol is one statement for the whole batch."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jobs.core.model import Attempt, Claim, Claimed, Hint, Job, Priority, Refused, Status
from jobs.core.ports import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.adapters.postgres.connection import Connection, Row
    from jobs.core.model import NewJob, Payload
    from jobs.core.retry import Settlement

QUERIES = Path(__file__).parent / "queries"


@cache
def _query(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text("utf-8")


class PostgresStore:
    """`JobStore` on PostgreSQL; nothing it does needs a session that outlives a statement."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, job: NewJob) -> Job:
        values = {
            "id": str(job.id),
            "type": job.type,
            "priority": job.priority.value,
            "payload": json.dumps(job.payload, ensure_ascii=False),
            "max_attempts": job.max_attempts,
        }
        # Sent again while the first sending was under way, it waited for that and saw no row yet.
        [row] = self._rows("insert", **values) or self._rows("insert", **values)
        return _job(row)

    def get(self, job_id: UUID) -> Job | None:
        rows = self._rows("get", id=str(job_id))
        if not rows:
            return None
        history = self._rows("history", id=str(job_id))
        return replace(_job(rows[0]), history=tuple(Attempt(*row) for row in history))

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
        return _claimed(rows, token, alone=alone)

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[UUID]:
        endings = json.dumps([_ending(settlement) for settlement in settlements])
        return _ids(self._rows("settle", endings=endings))

    def renew(self, claims: Sequence[Claim], *, lease: float) -> frozenset[UUID]:
        return _ids(self._rows("renew", lease=lease, **_held(claims)))

    def release(self, claims: Sequence[Claim]) -> frozenset[UUID]:
        return _ids(self._rows("release", **_held(claims)))

    def due(self, limit: int) -> list[Hint]:
        rows = self._rows("due", limit=limit)
        return [Hint(UUID(job_id), Priority(priority), 0.0) for job_id, priority in rows]

    def open_entries(self, limit: int) -> list[Entry]:
        rows = self._rows("open_entries", limit=limit)
        return [Entry(UUID(job_id), Priority(priority), delay) for job_id, priority, delay in rows]

    def next_due(self) -> float | None:
        [(seconds,)] = self._rows("next_due")
        return None if seconds is None else float(seconds)

    def ping(self) -> None:
        self._rows("ping")

    def _rows(self, query: str, **values: object) -> list[Row]:
        return self._connection.rows(_query(query), values)


def _ids(rows: list[Row]) -> frozenset[UUID]:
    return frozenset(UUID(job_id) for (job_id,) in rows)


def _held(claims: Sequence[Claim]) -> dict[str, list[str]]:
    return {
        "ids": [str(claim.id) for claim in claims],
        "tokens": [str(claim.token) for claim in claims],
    }


def _job(row: Row) -> Job:
    job_id, kind, status, priority, *rest = row
    return Job(UUID(job_id), kind, Status(status), Priority(priority), *rest)


def _ending(settlement: Settlement) -> dict[str, Any]:
    result = settlement.result
    return {
        "id": str(settlement.id),
        "token": str(settlement.token),
        "status": settlement.status.value,
        "outcome": settlement.outcome,
        "result": None if result is None else json.dumps(result, ensure_ascii=False),
        "error": settlement.error,
        "delay": settlement.delay,
        "lost": settlement.lost,
        "uncounted": settlement.uncounted,
    }


_PRIORITIES = {priority.value: priority for priority in Priority}


def _claimed(rows: list[Row], token: UUID, *, alone: bool) -> Claimed:
    claims: list[Claim] = []
    lost: list[Claim] = []
    suspects: list[UUID] = []
    refused: list[Refused] = []
    for row in rows:
        text, hinted, finding, delay, priority, kind, written, *counts, holder, lone, losses = row
        job_id = UUID(text)
        match finding:
            case "claimed" | "lost":
                attempt, most = counts
                held, lone = (token, alone) if finding == "claimed" else (UUID(holder), lone)
                true = _PRIORITIES[priority]
                payload, fault = _read(written)
                claim = Claim(job_id, kind, true, payload, attempt, most, held, lone, losses, fault)
                (claims if finding == "claimed" else lost).append(claim)
            case "suspect":
                suspects.append(job_id)
            case "over":
                refused.append(Refused(job_id, _PRIORITIES[hinted], None))
            case "misplaced":
                refused.append(Refused(job_id, _PRIORITIES[hinted], None))
                refused.append(Refused(job_id, _PRIORITIES[priority], delay))
            case "leased":
                refused.append(Refused(job_id, _PRIORITIES[hinted], delay, held=True))
            case "waiting":
                refused.append(Refused(job_id, _PRIORITIES[hinted], delay))
    return Claimed(tuple(claims), tuple(lost), tuple(suspects), tuple(refused))


def _read(written: str) -> tuple[Payload, str | None]:
    """The payload, or an empty one and why it cannot be read: what the door lets in can be."""
    try:
        return json.loads(written), None
    except (ValueError, RecursionError) as error:
        return {}, str(error)
