"""The work of a poller that is killed is done again, and soon, with no new job and no schedule."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from faults.kit.proxy import behind, through
from jobs.core.retry import backoff
from jobs.core.worker.context import MAX_HOPS
from stack.waiting import wait_until

if TYPE_CHECKING:
    from uuid import UUID

    from faults.conftest import MakeWorld, Say
    from faults.kit.world import World

LEASE = 10.0
"""Seconds; the default."""

IDLE = 30.0
"""Seconds that a machine which has other things to do may add; the lease is what is measured."""


@pytest.mark.faults
@pytest.mark.parametrize("jobs", [1, 8])
def test_the_work_of_a_killed_poller_is_done_again(
    make_world: MakeWorld, say: Say, jobs: int
) -> None:
    world = make_world(lease_seconds=str(LEASE))
    ids = [world.post("SLEEP", {"seconds": 3}) for _ in range(jobs)]
    wait_until(lambda: all(started(world, each) for each in ids), "the work", seconds=30)
    [poller] = world.cloud.busy
    poller.signal(signal.SIGKILL)
    killed = time.monotonic()

    wait_until(lambda: started(world, ids[0], attempt=2), "the work again", seconds=LEASE + IDLE)
    first = time.monotonic() - killed
    world.settle()
    done = time.monotonic() - killed
    say(
        f"{jobs} jobs of 3 s in a poller that was killed, lease {LEASE:g} s: "
        f"run again after {first:.1f} s, all done after {done:.1f} s"
    )
    assert world.cloud.ticks == 0, "no schedule helped"
    assert world.judge()["completed"] == jobs
    lost, _ = world.attempts(ids[0])
    assert lost["outcome"] == "lost"
    assert (lost["ended_at"] - lost["started_at"]).total_seconds() <= LEASE + backoff(1) + IDLE


def started(world: World, job_id: UUID, attempt: int = 1) -> bool:
    row = world.job(job_id)
    return bool(row["status"] == "processing" and row["attempts"] == attempt)


@pytest.mark.faults
def test_a_poller_that_always_dies_does_not_wake_the_next_for_ever(make_world: MakeWorld) -> None:
    world = make_world(most=1)
    world.cloud.arm(*["take.after:exit"] * 50)
    world.post("EFFECT")
    wait_until(world.cloud.quiet, "the end of the chain", seconds=120)
    assert len(world.cloud.deaths) <= MAX_HOPS + 1

    world.cloud.disarm()
    # The first tick may come while the dead are still believed to be at work.
    world.cloud.tick_every(1.0)
    world.settle()
    assert world.judge()["completed"] == 1


@pytest.mark.faults
def test_a_database_that_hangs_is_not_taken_for_a_poller_that_hangs(
    make_world: MakeWorld, postgres_url: str
) -> None:
    """What is done stays done: it is settled once the database answers again."""
    with behind(postgres_url) as proxy:
        world = make_world(database_at=through(proxy, postgres_url))
        ids = [world.post("EFFECT", {"seconds": 0.5}) for _ in range(12)]
        wait_until(lambda: all(started(world, each) for each in ids[:8]), "work", seconds=30)
        proxy.blackhole()
        wait_until(lambda: len(world.effects()) >= 8, "effects", seconds=30)
        wait_until(lambda: "store.unavailable" in world.log(), "somebody to notice", seconds=30)
        proxy.flow()
        world.settle()
    assert world.cloud.deaths == []
    counts = world.judge()
    assert (counts["completed"], counts["duplicates"]) == (12, 0)
