"""What the two statements and the two scripts could do with nothing around them.

The yardstick for `drain.py`: take, claim, settle in the row, settle in the queue, batch by batch.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.backlog import Backlog, arguments
from jobs.core.ports.queue import EntryUpdate
from jobs.core.retry import Succeeded, decide

if TYPE_CHECKING:
    from collections.abc import Sequence


def measure(backlog: Backlog, jobs: int, kind: str, batch: int) -> float:
    """Jobs a second."""
    backlog.fill(jobs, kind)
    done = 0
    began = time.monotonic()
    while hints := backlog.queue.take("bench", limit=batch, lease=10.0).candidates:
        claimed = backlog.store.claim(hints, uuid4(), lease=10.0, request_id="bench")
        ends = [decide(claim, Succeeded({})) for claim in claimed.claims]
        settled = backlog.store.settle(ends).ids
        backlog.queue.update_entries(
            [EntryUpdate(e.claim.id, e.claim.priority) for e in ends if e.claim.id in settled]
        )
        done += len(settled)
    seconds = time.monotonic() - began
    assert done == jobs, (done, jobs)
    return jobs / seconds


def main(given: Sequence[str] | None = None) -> None:
    """Measure once and print one JSON line."""
    asked = arguments(__doc__ or "", given)
    backlog = Backlog(asked.database_url, asked.redis_url)
    rate = measure(backlog, asked.jobs, asked.type, asked.batch)
    print(json.dumps({"jobs_per_s": round(rate), "batch": asked.batch}))  # noqa: T201


if __name__ == "__main__":
    main()
