"""The drain on real rows and real queues: jobs come in, and all of them end."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from jobs.core.model import Status
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    with closing(Engine.fresh(postgres_url, redis_url)) as engine:
        yield engine


def test_every_job_of_every_type_ends(engine: Engine) -> None:
    done = [engine.submit(), engine.submit("SLEEP", {"seconds": 0.01})]
    failed = engine.submit("FAIL", {"how": "permanent"})
    engine.drain()
    assert [engine.job(job_id).status for job_id in done] == [Status.COMPLETED] * 2
    assert engine.job(failed).status is Status.FAILED
    assert engine.queued() == {"{jobs}:high_priority": [], "{jobs}:default": []}
