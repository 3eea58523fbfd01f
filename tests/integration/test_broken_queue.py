"""Queues that are wrong, doubled, spoiled, emptied or away: the rows decide, and every job ends."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from jobs.adapters.redis.keys import QUEUES
from jobs.core.model import Priority
from support.engine import Engine, MakeEngine, draining
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.model import Claim

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT
EMPTY: dict[str, list[Any]] = {key: [] for key in QUEUES.values()}


class Runs:
    """A job type whose attempts are counted."""

    def __init__(self) -> None:
        self.of: Counter[UUID] = Counter()
        self.order: list[UUID] = []
        self.types = TEST_TYPES | {
            "COUNT": calling("COUNT", self._count),
            "COUNT_QUICK": calling("COUNT_QUICK", self._count, quick=True),
        }

    def _count(self, claim: Claim) -> None:
        self.of[claim.id] += 1
        self.order.append(claim.id)


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def engine(make_engine: MakeEngine, runs: Runs) -> Engine:
    return make_engine(types=runs.types)


def add(engine: Engine, job_id: object, priority: Priority, score: float = 1.0) -> None:
    """Put an entry where nobody should have put it."""
    engine.redis.zadd(QUEUES[priority], {str(job_id): score})


# Entries that should not be there


def test_a_job_in_both_queues_is_run_once(engine: Engine, runs: Runs) -> None:
    """Both entries come with the same take, and are claimed by the same statement."""
    jobs = [engine.submit("COUNT", priority=each) for each in (HIGH, DEFAULT)]
    add(engine, jobs[0], DEFAULT)
    add(engine, jobs[1], HIGH)
    engine.drain()
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.queued() == EMPTY


def test_entries_doubled_at_random_are_run_once_by_whichever_poller(
    engine: Engine, runs: Runs
) -> None:
    choose = random.Random(20261125)
    jobs = [
        engine.submit("COUNT_QUICK", priority=choose.choice([HIGH, DEFAULT])) for _ in range(200)
    ]
    with closing(engine.another()) as second, closing(engine.another()) as third:
        with draining([second, third]):
            for job_id in choose.sample(jobs * 5, len(jobs) * 5):
                add(engine, job_id, choose.choice([HIGH, DEFAULT]), choose.random())
        engine.drain()
    assert runs.of == dict.fromkeys(jobs, 1)
    assert engine.queued() == EMPTY
