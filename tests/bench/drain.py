"""How many jobs one poller drains in a second. Prints one JSON line.

    python -m bench.drain --database-url … --redis-url … --jobs 20000 --batch 200   # in tests/

Empties that database and that Redis. Every line that the poller logs is written to a file.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from bench.backlog import Backlog, arguments
from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from fakes.waker import FakeWaker
from jobs.adapters import log
from jobs.core.job_type import JobContext
from jobs.core.worker.context import Invocation, WorkerConfig
from jobs.core.worker.drain import drain
from support.job_types import TEST_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 600.0
"""Seconds that the poller may run."""


def measure(backlog: Backlog, jobs: int, kind: str, batch: int) -> float:
    """Jobs a second; raises `AssertionError` if the poller left some undone."""
    backlog.fill(jobs, kind)
    context = JobContext(FakeObjects(), FakeMailer())
    config = WorkerConfig(
        backlog.store, backlog.queue, FakeWaker(), TEST_TYPES, context, log.event, max_held=batch
    )
    with tempfile.TemporaryFile("w") as lines, redirect_stdout(lines):
        began = time.monotonic()
        until = began + LONGEST
        result = drain(config, Invocation("bench", lambda: until - time.monotonic()))
        seconds = time.monotonic() - began
    assert result.counts["completed"] == jobs, result
    return jobs / seconds


def main(given: Sequence[str] | None = None) -> None:
    """Measure once and print."""
    asked = arguments(__doc__ or "", given)
    backlog = Backlog(asked.database_url, asked.redis_url)
    log.setup("INFO")
    rate = measure(backlog, asked.jobs, asked.type, asked.batch)
    half, most = backlog.milliseconds()
    figures = {"jobs": asked.jobs, "type": asked.type, "batch": asked.batch}
    print(  # noqa: T201 - it is what the program is for
        json.dumps({**figures, "jobs_per_s": round(rate), "p50_ms": half, "p99_ms": most}),
        file=sys.stdout,
    )


if __name__ == "__main__":
    main()
