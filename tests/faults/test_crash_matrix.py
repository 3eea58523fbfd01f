"""The process dies at each named point of the protocol, and no job suffers."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import jobs
from jobs.core.failpoints import POINTS
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.conftest import MakeWorld
    from faults.kit.environment import Environment
    from faults.kit.world import World

KILLED = 137
EXPORT = {"data": [{"id": 1, "name": "venkat"}, {"id": 2, "name": "sai"}]}
BYTES = b"id,name\r\n1,venkat\r\n2,sai\r\n"
MAIL = {"to": "ann@example.com", "subject": "S", "body": "B"}


def one_of_each(world: World) -> None:
    """An export, a mail and an effect; the schedule takes them on."""
    world.post("CSV_EXPORT", EXPORT)
    world.post("EMAIL_SEND", MAIL)
    world.post("EFFECT")


def longer_than_a_third_of_the_lease(world: World) -> None:
    world.post("EFFECT", {"seconds": 1.5})


def a_high_job_in_the_way_of_default_ones(world: World) -> None:
    """More default jobs than are run at a time, and a high one once they are in hand."""
    for _ in range(20):
        world.post("EFFECT", {"seconds": 0.4})
    wait_until(
        lambda: [row["n"] for row in world.oracle.query(IN_HAND)] > [8], "jobs in hand", seconds=30
    )
    world.post("EFFECT", priority="high")


IN_HAND = "SELECT count(*) AS n FROM jobs WHERE status = 'processing'"

IN_THE_CLIENT = "submit.before_store", "submit.after_commit", "submit.after_publish"

IN_THE_POLLER: dict[str, Callable[[World], None]] = {
    "take.after": one_of_each,
    "claim.after": one_of_each,
    "attempt.before": one_of_each,
    "export.after_put": one_of_each,
    "mail.after_accepted": one_of_each,
    "attempt.after": one_of_each,
    "settle.before": one_of_each,
    "settle.after_row": one_of_each,
    "settle.after_entry": one_of_each,
    "release.after_row": a_high_job_in_the_way_of_default_ones,
    "renew.after_row": longer_than_a_third_of_the_lease,
    "leave.before": one_of_each,
    "reconcile.before_publish": one_of_each,
    "reconcile.after_publish": one_of_each,
}


def test_every_point_in_the_code_is_in_the_matrix() -> None:
    sources = Path(jobs.__file__).parent.rglob("*.py")
    in_code = [
        name for file in sources for name in re.findall(r'\bfailpoint\("(.+?)"\)', file.read_text())
    ]
    assert {*in_code} == POINTS == {*IN_THE_CLIENT, *IN_THE_POLLER}


@pytest.mark.faults
@pytest.mark.parametrize("point", IN_THE_POLLER)
def test_a_poller_that_dies_at_a_point_costs_no_job(make_world: MakeWorld, point: str) -> None:
    world = make_world(most=1)
    world.cloud.arm(f"{point}:exit")
    IN_THE_POLLER[point](world)
    world.cloud.tick()
    world.settle()

    [death] = world.cloud.deaths
    assert (death.faults, death.status) == (f"{point}:exit", KILLED), "it died of something else"
    counts = world.judge()
    assert counts["failed"] == 0
    assert counts["duplicates"] <= counts["lost_attempts"]
    check_effects(world, deaths=1)


@pytest.mark.faults
@pytest.mark.parametrize("point", IN_THE_CLIENT)
def test_an_api_that_dies_at_a_point_leaves_nothing_half_accepted(
    make_world: MakeWorld, point: str
) -> None:
    world = make_world()
    envelope = json.dumps({"type": "CSV_EXPORT", "payload": EXPORT})
    died = world.client(envelope, f"{point}:exit")
    assert (died.returncode, died.stdout) == (KILLED, "")

    world.cloud.tick()
    world.settle()
    assert world.judge()["stored"] == (0 if point == "submit.before_store" else 1)
    check_effects(world, deaths=0)


STOPS = "claim.after", "attempt.after", "mail.after_accepted", "settle.before"


@pytest.mark.faults
@pytest.mark.parametrize("point", STOPS)
def test_a_poller_that_freezes_at_a_point_and_thaws_too_late_changes_nothing(
    make_world: MakeWorld, point: str
) -> None:
    world = make_world()
    world.cloud.arm(f"{point}:stop")
    one_of_each(world)
    frozen = the_frozen_one(world)
    world.cloud.tick_every(1)  # as long as the frozen one is believed to be there, others leave
    wait_until(lambda: not world.oracle.open_jobs(), "every job final without it", seconds=30)
    before = world.oracle.query("SELECT * FROM jobs ORDER BY id")
    wait_until(lambda: thawed(frozen) and world.cloud.quiet(), "its end", seconds=30)
    assert world.oracle.query("SELECT * FROM jobs ORDER BY id") == before
    counts = world.judge()
    assert counts["failed"] == 0
    # What was claimed and not started before the frost is not started after it.
    effects_before_frost = 0 if point == "claim.after" else counts["lost_attempts"]
    assert counts["duplicates"] <= effects_before_frost
    check_effects(world, deaths=1)


def the_frozen_one(world: World) -> Environment:
    wait_until(lambda: any(each.stopped() for each in world.cloud.busy), "it to freeze", seconds=30)
    [frozen] = [each for each in world.cloud.busy if each.stopped()]
    return frozen


def thawed(environment: Environment) -> bool:
    """Let it go on, as often as one of its threads comes to the point."""
    environment.signal(signal.SIGCONT)
    return not environment.stopped()


def check_effects(world: World, *, deaths: int) -> None:
    """Exports are there once and whole; mails at least once, and known as copies of each other."""
    rows = world.oracle.query("SELECT id, type, result FROM jobs")
    exports = {UUID(row["id"]): row["result"] for row in rows if row["type"] == "CSV_EXPORT"}
    assert world.exported() == dict.fromkeys(exports, BYTES)
    assert all(result["size"] == len(BYTES) for result in exports.values())

    mails = [UUID(row["id"]) for row in rows if row["type"] == "EMAIL_SEND"]
    mailed = Counter(world.mailed())
    assert {*mailed} == {*mails}
    assert all(copies <= 1 + deaths for copies in mailed.values())
