"""Everything goes wrong at once, at random, and not one job suffers."""

from __future__ import annotations

import os
import time
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

import pytest

from faults.kit.chaos import Chaos
from jobs.core.errors import StoreUnavailable

if TYPE_CHECKING:
    from faults.conftest import MakeWorld, Say
    from faults.kit.world import World
    from stack.servers.postgres import Postgres
    from stack.servers.redis import Redis

JOBS = 1_000
LASTS = 25.0
"""Seconds over which the jobs come in."""

LEASE = 2.0
SLOTS = 8
POLLERS = 4


@pytest.mark.faults
def test_chaos_loses_nothing(
    make_world: MakeWorld, postgres_server: Postgres, redis_server: Redis, say: Say
) -> None:
    seed = int(os.environ.get("SEED") or SystemRandom().randrange(10**6))
    say(f"chaos, SEED={seed}")
    world = make_world(most=POLLERS, lease_seconds=str(LEASE))
    world.cloud.tick_every(5)
    chaos = Chaos(world.cloud, postgres_server, redis_server, LEASE, seed)
    with chaos.reigning():
        post(world, Random(seed))
    world.settle(120)

    counts = world.judge()
    deaths = len(world.cloud.deaths)
    interrupted = deaths + chaos.done["freezes"] + POLLERS * chaos.done["database crashes"]
    budget = SLOTS * interrupted
    faults = ", ".join(f"{count} {what}" for what, count in sorted(chaos.done.items()))
    final = counts["completed"] + counts["failed"]
    say(
        f"{faults}, {deaths} dead pollers: "
        f"accepted {counts['accepted']}, final {final}, failed {counts['failed']}, "
        f"lost {counts['lost']}, stranded {counts['stranded']}, "
        f"live lease taken {counts['live_taken']}, "
        f"ended by another {counts['live_ended_by_other']}, "
        f"duplicates {counts['duplicates']} (budget {budget})"
    )
    assert counts["accepted"] == JOBS
    assert final == counts["stored"] >= JOBS
    assert counts["duplicates"] <= min(budget, counts["lost_attempts"])
    assert {*chaos.done} == {"flushes", "kills", "freezes", "database crashes", "queue outages"}


def post(world: World, random: Random) -> None:
    """Post `JOBS` jobs, evenly over `LASTS` seconds; what is refused is posted again."""
    begin = time.monotonic()
    for n in range(JOBS):
        job = a_job(random)
        while True:
            try:
                world.post(**job)
                break
            except StoreUnavailable:
                time.sleep(0.1)
        time.sleep(max(0.0, begin + LASTS * n / JOBS - time.monotonic()))


def a_job(random: Random) -> dict[str, Any]:
    priority = "high" if random.random() < 0.2 else "default"
    kind = random.choices(["EFFECT", "CSV_EXPORT", "EMAIL_SEND"], [8, 1, 1])[0]
    payload = {
        "EFFECT": {"seconds": random.uniform(0, 0.2), "fails": int(random.random() < 0.05)},
        "CSV_EXPORT": {"data": [{"id": random.randrange(1000)}]},
        "EMAIL_SEND": {"to": "ann@example.com", "subject": "S", "body": "B"},
    }[kind]
    return {"kind": kind, "payload": payload, "priority": priority}
