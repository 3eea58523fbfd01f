"""The order in which jobs were started, read from the poller's log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


def started(logs: Any, poller: str, ids: Collection[str], since: float) -> list[str]:
    """Those of `ids` whose first attempt is in the log, in the order of the log.

    `logs` is a client of CloudWatch Logs; a poller's lines appear there when it ends. Lines before
    `since` (seconds since the epoch) are left out, because ministack returns 10,000 at most.
    """
    begun = _first_attempts(logs, f"/aws/lambda/{poller}", round(since * 1000))
    return [job_id for job_id in begun if job_id in ids]


def _first_attempts(logs: Any, group: str, since: int) -> Iterator[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
    lines = [str(event["message"]) for page in pages for event in page["events"]]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    begun = [e for e in events if e.get("event") == "attempt.started" and e["attempt"] == 1]
    # Sorting keeps the order of the log where the times are equal.
    for event in sorted(begun, key=lambda e: str(e["time"])):
        yield str(event["job_id"])
