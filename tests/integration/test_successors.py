"""The poller that follows a dead one, which is believed to be there for some seconds more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.job import Priority
from support.recording import Wake

if TYPE_CHECKING:
    from support.engine import MakeEngine


def test_once_the_successor_of_a_dead_poller_has_left_a_job_wakes_another(
    make_engine: MakeEngine,
) -> None:
    dead, heir, api = make_engine(), make_engine(), make_engine()
    dead.queue.take("dead", limit=1, lease=10, priorities=tuple(Priority))
    api.submit()
    assert not api.waker.wakes, "it counts on the dead one"
    heir.drain(wait_for_leases=True)
    api.submit()
    assert api.waker.wakes == [Wake(hop=0, wait_for_leases=False)]
