"""Jobs that kill their poller sink alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.kit.types import POISONS

if TYPE_CHECKING:
    from faults.conftest import MakeWorld, Say

GOOD = 25
ROOM = str(1 << 30)
"""Bytes a poller may have: four times what it needs."""


@pytest.mark.faults
@pytest.mark.parametrize("poison", POISONS)
def test_a_job_that_kills_its_poller_fails_alone(
    make_world: MakeWorld, poison: str, say: Say
) -> None:
    world = make_world(memory_limit=ROOM)
    # Half of the good jobs have one attempt only: not even that may be taken from them.
    good = [world.post("EFFECT", {"seconds": 0.02}, maxAttempts=1 + n % 2) for n in range(GOOD)]
    bad = world.post(poison)
    good += [world.post("EFFECT", {"seconds": 0.02}, maxAttempts=1 + n % 2) for n in range(GOOD)]
    world.settle(90)
    counts = world.judge()
    row, attempts = world.job(bad), world.attempts(bad)
    say(f"{poison}: {len(world.cloud.deaths)} pollers died; {row['error']}")

    assert row["status"] == "failed"
    assert row["attempts"] == len(attempts) == 3
    assert counts["completed"] == len(good) == 2 * GOOD
    assert counts["duplicates"] <= counts["lost_attempts"]
    # Once it is suspected it is alone: only the first death can have cost others anything.
    assert all(row["losses"] <= 1 for row in map(world.job, good))


@pytest.mark.faults
def test_a_poison_at_the_head_of_the_queue_starves_nobody(make_world: MakeWorld) -> None:
    world = make_world()
    bad = world.post("EXIT", priority="high")
    good = [world.post("EFFECT", {"seconds": 0.01}) for _ in range(100)]
    world.settle(90)
    assert world.judge()["completed"] == len(good)
    last = world.attempts(bad)[2]["started_at"]
    assert all(world.job(each)["updated_at"] < last for each in good)
