"""The drain beside the bare loop, in turn, on servers of its own: `make bench`.

A machine's speed drifts, so what counts is the ratio of neighbours, not either figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from bench import bare_loop, drain
from bench.backlog import Backlog
from jobs.adapters import log
from stack.ports import free_port
from stack.servers.postgres import Postgres
from stack.servers.redis import Redis


def main() -> None:
    """Run pairs and print a JSON line for each, then one with the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200)
    asked = parser.parse_args()
    log.setup("INFO")
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = Postgres(folder / "postgres", free_port())
        redis = Redis(folder / "redis", free_port())
        postgres.start()
        redis.start()
        try:
            backlog = Backlog(postgres.url(), redis.url())
            pairs = [_pair(backlog, asked.jobs, asked.batch) for _ in range(asked.pairs)]
        finally:
            redis.stop()
            postgres.stop()
    ratios = [of / beside for of, beside in pairs]
    _say(
        pairs=len(pairs),
        drain_jobs_per_s=round(statistics.median(of for of, _ in pairs)),
        bare_jobs_per_s=round(statistics.median(beside for _, beside in pairs)),
        ratio=round(statistics.median(ratios), 3),
    )


def _pair(backlog: Backlog, jobs: int, batch: int) -> tuple[float, float]:
    of = drain.measure(backlog, jobs, "NOOP", batch)
    beside = bare_loop.measure(backlog, jobs, "NOOP", batch)
    _say(drain=round(of), bare=round(beside), ratio=round(of / beside, 3))
    return of, beside


def _say(**figures: object) -> None:
    print(json.dumps(figures), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
