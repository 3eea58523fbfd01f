"""Claims as the statements of the protocol take them, and as the database answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jobs.core.model import Backoff, BackoffType, Claim, Claimed, Priority, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.adapters.postgres.connection import Row
    from jobs.core.model import Payload, Progress
    from jobs.core.retry import Settlement

_PRIORITIES = {priority.value: priority for priority in Priority}


def held(claims: Sequence[Claim]) -> dict[str, list[str]]:
    """`claims` as `queries/renew.sql` and `queries/release.sql` take them."""
    return {
        "ids": [str(claim.id) for claim in claims],
        "tokens": [str(claim.token) for claim in claims],
    }


def ids(rows: Sequence[Row]) -> frozenset[UUID]:
    """The ids in rows that have nothing else."""
    return frozenset(UUID(job_id) for (job_id,) in rows)


def endings(settlements: Sequence[Settlement]) -> str:
    """`settlements` as `queries/settle.sql` takes them."""
    return json.dumps([_ending(settlement) for settlement in settlements])


def reports(news: Sequence[tuple[Claim, Progress]]) -> str:
    """`news` as `queries/report.sql` takes them."""
    told = [
        {
            "id": str(claim.id),
            "token": str(claim.token),
            "percent": progress.percent,
            "message": progress.message,
        }
        for claim, progress in news
    ]
    return json.dumps(told, ensure_ascii=False)


def claimed(rows: Sequence[Row], token: UUID, *, alone: bool) -> Claimed:
    """The rows of `queries/claim.sql`; `token` and `alone` are those that it was asked with."""
    claims: list[Claim] = []
    lost: list[Claim] = []
    suspects: list[UUID] = []
    refused: list[Refused] = []
    paused: list[UUID] = []
    for row in rows:
        text, hinted, finding, delay, priority = row[:5]
        job_id = UUID(text)
        match finding:
            case "claimed":
                claims.append(_claim(row, token, alone=alone))
            case "lost":
                lost.append(_claim(row, UUID(row[9]), alone=row[10]))
            case "paused":
                paused.append(job_id)
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
    return Claimed(tuple(claims), tuple(lost), tuple(suspects), tuple(refused), tuple(paused))


def _claim(row: Row, token: UUID, *, alone: bool) -> Claim:
    text, _, _, _, priority, kind, written, attempt, most, _, _, losses, timeout, *waits = row
    payload, fault = _read(written)
    growth, seconds, jitter = waits
    return Claim(
        UUID(text),
        kind,
        _PRIORITIES[priority],
        payload,
        attempt,
        most,
        token,
        alone,
        losses,
        fault,
        Backoff(BackoffType(growth), seconds, jitter),
        timeout,
    )


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


def _read(written: str) -> tuple[Payload, str | None]:
    """The payload, or an empty one and why it cannot be read: what the door lets in can be."""
    try:
        return json.loads(written), None
    except (ValueError, RecursionError) as error:
        return {}, str(error)
