"""The drain on real rows and real queues: jobs come in, and all of them end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.job import Status

if TYPE_CHECKING:
    from support.engine import Engine


def test_every_job_of_every_type_ends(engine: Engine) -> None:
    done = [engine.submit(), engine.submit("SLEEP", {"seconds": 0.01})]
    failed = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    assert [engine.job(job_id).status for job_id in done] == [Status.COMPLETED] * 2
    assert engine.job(failed).status is Status.FAILED
    assert engine.queued() == {"{jobs}:high_priority": [], "{jobs}:default": []}
