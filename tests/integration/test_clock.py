"""The clock of the database goes back by an hour: what it ought to end lasts for an hour more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jobs.core.job import Progress, Status
from jobs.core.retry import Retry, Succeeded, WorkerLost, decide
from stack.paths import ROOT
from support.job_types import TEST_TYPES, calling

if TYPE_CHECKING:
    from uuid import UUID

    from jobs.core.claim import Claim
    from jobs.core.retry import Outcome
    from support.engine import Engine, MakeEngine

HOUR = 3600
LEASE = 5.0

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
[COMMAND] = re.findall(r"<!-- inspect: clock -->\n```bash\n(.*?)```", PAGE, re.DOTALL)


def set_back(engine: Engine) -> None:
    """What the rows say is an hour further away by the clock that there is now; and the entries are
    published again for then, so that no poller waits for them."""
    engine.sql(
        """
        UPDATE jobs SET
            (due_at, lease_until, started_at, ended_at, created_at, updated_at) = (
                due_at + by, lease_until + by, started_at + by, ended_at + by,
                created_at + by, updated_at + by
            )
        FROM (SELECT interval '1 hour' AS by) AS step
        """
    )
    engine.redis.flushall()


def mend(engine: Engine) -> list[int]:
    """Do what docs/operations.md says; how many rows each of its statements changed."""
    statements = re.findall(r'-c "(.*?)"', COMMAND, re.DOTALL)
    changed = [
        engine.sql(f"WITH mended AS ({each} RETURNING 1) SELECT count(*) FROM mended")[0][0]
        for each in statements
    ]
    [keys] = re.findall(r" DEL (.*)", COMMAND)
    engine.redis.delete(*(key.strip("'") for key in keys.split()))
    return changed


def settle(engine: Engine, claim: Claim, outcome: Outcome) -> bool:
    return engine.store.settle([decide(claim, outcome)]).ids == frozenset({claim.id})


def waits_longer_than_a_minute(engine: Engine, job_id: UUID) -> bool:
    [(waits,)] = engine.sql(
        "SELECT lease_until > now() + interval '1 minute' FROM jobs WHERE id = %s", str(job_id)
    )
    return bool(waits)


# The alarm


def test_a_lease_that_ends_too_far_away_is_told_of(engine: Engine) -> None:
    [_] = engine.claim(engine.submit(), lease=LEASE)
    set_back(engine)
    engine.drain(scheduled=True)
    [told] = engine.log.of("lease.too_long")
    assert told["level"] == "ERROR"
    assert told["seconds"] == pytest.approx(HOUR + LEASE, abs=60)
    assert told["longest"] == engine.config.lease


def test_a_lease_as_long_as_one_may_be_is_not_told_of(engine: Engine) -> None:
    engine.submit()
    engine.drain(scheduled=True)
    [_] = engine.claim(engine.submit(), lease=engine.config.lease)
    engine.drain(1.0, scheduled=True)
    assert not engine.log.of("lease.too_long")


# What it comes to


def test_nothing_runs_twice_and_the_lease_of_one_who_lives_is_mended_by_its_renewal(
    engine: Engine,
) -> None:
    [claim] = engine.claim(engine.submit(), lease=LEASE)
    set_back(engine)
    engine.drain(scheduled=True)
    assert engine.job(claim.id).attempts == 1
    assert waits_longer_than_a_minute(engine, claim.id)
    assert engine.store.renew([claim], lease=LEASE) == {claim.id}
    assert not waits_longer_than_a_minute(engine, claim.id)
    assert settle(engine, claim, Succeeded({}))
    job = engine.job(claim.id)
    assert (job.status, job.attempts, len(job.history)) == (Status.COMPLETED, 1, 1)


# What an operator can do


def test_what_the_clock_keeps_waiting_is_run_once_the_operator_says_so(engine: Engine) -> None:
    held, failed, fresh = (engine.submit() for _ in range(3))
    later = engine.submit_body(
        {"type": "NOOP", "payload": {}, "runAt": "2037-01-31T08:00:00+01:00"}
    )
    [_, tried] = engine.claim(held, failed, lease=LEASE)
    assert settle(engine, tried, Retry("not yet"))
    set_back(engine)
    set_for = engine.sql("SELECT due_at FROM jobs WHERE id = %s", str(later))
    engine.drain(scheduled=True)
    assert engine.statuses() == {"processing": 1, "pending": 3}
    assert mend(engine) == [1, 2]
    assert mend(engine) == [0, 0], "a second time it finds nothing more"
    engine.drain(scheduled=True)
    assert engine.statuses() == {"completed": 3, "pending": 1}
    assert [engine.job(each).attempts for each in (held, failed, fresh)] == [2, 2, 1]
    # Not in this order: the first has begun in the future.
    assert {each.outcome for each in engine.job(held).history} == {"lost", "completed"}
    assert engine.sql("SELECT due_at FROM jobs WHERE id = %s", str(later)) == set_for


def test_a_worker_whose_lease_the_operator_ended_can_change_nothing_of_the_next(
    make_engine: MakeEngine,
) -> None:
    tried: list[object] = []
    zombie: list[Claim] = []

    def come_back(_: Claim) -> None:
        """The first holder goes on, while the second one is at work."""
        aside = make_engine()
        [claim] = zombie
        before = aside.row(claim.id)
        outcomes = (Succeeded({"by": "the zombie"}), Retry("the zombie failed"), WorkerLost())
        tried.extend(settle(aside, claim, each) for each in outcomes)
        tried.extend([aside.store.renew([claim], lease=LEASE), aside.store.release([claim])])
        aside.store.report([(claim, Progress(99.0, None))])
        assert aside.row(claim.id) == before

    engine = make_engine(types=TEST_TYPES | {"MET": calling("MET", come_back)})
    zombie.extend(engine.claim(engine.submit("MET"), lease=LEASE))
    set_back(engine)
    assert mend(engine) == [1, 0]
    assert not engine.store.renew(zombie, lease=LEASE), "what has ended stays ended"
    engine.drain(scheduled=True)
    job = engine.job(zombie[0].id)
    assert tried == [False, False, False, frozenset(), frozenset()]
    assert (job.status, job.attempts, job.error) == (Status.COMPLETED, 2, None)
