"""The order of service: high before default at every start, first in first out within each."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from jobs.core.errors import QueueUnavailable
from jobs.core.job import Priority, Status
from support.engine import Engine, MakeEngine, draining
from support.hooked import Away, Hooked, Once
from support.job_types import calling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from jobs.core.claim import Claim

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


class Order:
    """Job types that note in which order they were begun.

    `QUICK` and `SLOW` do nothing more; `GATED` waits until it is let go.
    """

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.some = threading.Semaphore(0)
        self.gates: defaultdict[UUID, threading.Event] = defaultdict(threading.Event)
        self.open = False
        self.during: dict[UUID, Callable[[], object]] = {}
        self.types = {
            "QUICK": calling("QUICK", self._begin, runs_inline=True),
            "SLOW": calling("SLOW", self._begin),
            "GATED": calling("GATED", self._wait, max_seconds=60.0),
        }

    def _begin(self, claim: Claim) -> None:
        self.begun.append(claim.id)
        self.during.get(claim.id, lambda: None)()
        self.some.release()

    def _wait(self, claim: Claim) -> None:
        gate = self.gates[claim.id]
        self._begin(claim)
        if not self.open:
            gate.wait(60)

    def let_go(self, *some: UUID) -> None:
        """Let these go on, or all that there are and will be."""
        self.open = not some
        for each in some or [*self.gates]:
            self.gates[each].set()

    def wait_for(self, number: int) -> None:
        """Wait until `number` more have been begun."""
        for _ in range(number):
            assert self.some.acquire(timeout=60)


@pytest.fixture
def order() -> Order:
    return Order()


@pytest.fixture
def api(make_engine: MakeEngine, order: Order) -> Engine:
    """Somebody who submits."""
    return make_engine(types=order.types)


def submit(api: Engine, number: int, job_type: str, priority: Priority = DEFAULT) -> list[UUID]:
    return [api.submit(job_type, priority=priority) for _ in range(number)]


@pytest.mark.parametrize("job_type", ["QUICK", "SLOW"])
def test_all_that_is_ready_is_served_high_first_and_first_in_first_out(
    make_engine: MakeEngine, api: Engine, order: Order, job_type: str
) -> None:
    mixed = [(api.submit(job_type, priority=each), each) for each in (DEFAULT, HIGH) * 30]
    make_engine(types=order.types, slots=1).drain()
    assert order.begun == [job_id for each in Priority for job_id, found in mixed if found is each]


@pytest.mark.parametrize("job_type", ["QUICK", "SLOW"])
def test_two_hundred_jobs_are_begun_in_the_order_in_which_they_came(
    make_engine: MakeEngine, api: Engine, order: Order, job_type: str
) -> None:
    jobs = submit(api, 200, job_type)
    make_engine(types=order.types, slots=1).drain()
    assert order.begun == jobs


def test_the_log_has_the_starts_in_the_order_of_service_with_many_threads(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    jobs = submit(api, 100, "SLOW")
    poller = make_engine(types=order.types, slots=16)
    poller.drain()
    assert poller.log.started() == jobs


def test_jobs_that_come_while_others_run_keep_their_order(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    jobs = submit(api, 50, "QUICK")
    for each in jobs[:]:
        order.during[each] = lambda: jobs.extend(submit(api, 1, "QUICK"))
    make_engine(types=order.types).drain()
    assert order.begun == jobs


def is_claimed(api: Engine, job_id: UUID) -> None:
    while api.job(job_id).status is Status.PENDING:
        time.sleep(0.001)


def test_a_high_job_is_begun_before_default_ones_that_were_claimed_and_not_started(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    default = submit(api, 10, "GATED")
    poller = make_engine(types=order.types, slots=2)
    with draining([poller]) as drained:
        order.wait_for(2)
        is_claimed(api, default[2])
        high = submit(api, 2, "GATED", HIGH)
        for each in high:
            is_claimed(api, each)
        order.let_go(default[0])
        order.wait_for(1)
        order.let_go(default[1])
        order.wait_for(1)
        order.let_go()
    assert set(order.begun[:2]) == set(default[:2])
    assert order.begun[2:4] == high
    assert drained[0].counts["released"] > 0
    assert {api.job(each).attempts for each in default} == {1}
    assert {len(api.job(each).history) for each in default} == {1}


def test_a_quick_default_job_gives_way_to_a_high_one_as_well(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    """Looks are some milliseconds apart, so that each job here takes a few looks."""
    default = submit(api, 10, "QUICK")
    high: list[UUID] = []

    def publish() -> None:
        high.extend(submit(api, 1, "QUICK", HIGH))
        time.sleep(0.05)

    order.during[default[3]] = publish
    make_engine(types=order.types).drain()
    assert order.begun == [*default[:4], *high, *default[4:]]
    assert {api.job(each).attempts for each in default} == {1}


def hooked(make_engine: MakeEngine, api: Engine, order: Order, slots: int, **hooks: Any) -> Engine:
    return make_engine(types=order.types, slots=slots, queue=Hooked(api.queue, **hooks))


def test_a_high_job_that_is_taken_with_default_ones_passes_those_that_wait(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    """It became ready after the look for high jobs and before the take of whatever is ready."""
    first = submit(api, 5, "GATED")
    late: list[UUID] = []

    def publish() -> None:
        late.extend([*submit(api, 1, "GATED", HIGH), *submit(api, 1, "GATED")])

    def the_hand_is_full_and_one_waits(
        *_: object, limit: int, priorities: Sequence[Priority], **__: object
    ) -> bool:
        return len(order.begun) == 4 and limit > 0 and len(priorities) == 2

    once = Once(publish, when=the_hand_is_full_and_one_waits)
    poller = hooked(make_engine, api, order, 4, before={"take": once})
    with draining([poller]):
        order.wait_for(4)
        while not late:
            time.sleep(0.001)
        is_claimed(api, late[0])
        for number in (0, 1, 2):
            order.let_go(order.begun[number])
            order.wait_for(1)
        assert order.begun[4:7] == [late[0], first[4], late[1]]
        order.let_go()


def test_high_jobs_that_wait_are_not_passed_by_newer_ones(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    """One high and one default job wait; when a newer high one comes, only the default one goes."""
    running = submit(api, 1, "GATED")
    frozen, go_on = threading.Event(), threading.Event()

    def alive() -> None:
        if order.begun and not go_on.is_set():
            frozen.set()
            go_on.wait()

    poller = make_engine(types=order.types, slots=1)
    with draining([poller], alive=alive):
        assert frozen.wait(60)
        older = submit(api, 1, "GATED", HIGH)
        default = submit(api, 3, "GATED")
        go_on.set()
        is_claimed(api, older[0])
        newer = submit(api, 1, "GATED", HIGH)
        order.let_go()
    assert order.begun == [*running, *older, *newer, *default]


def test_what_is_given_back_keeps_its_place(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    jobs = submit(api, 20, "SLOW")
    order.during[jobs[0]] = lambda: submit(api, 1, "SLOW", HIGH)
    make_engine(types=order.types, slots=1).drain()
    assert [each for each in order.begun if each in set(jobs)] == jobs


def test_without_redis_the_rows_are_served_in_the_same_order(
    make_engine: MakeEngine, api: Engine, order: Order
) -> None:
    mixed = [(api.submit("QUICK", priority=each), each) for each in (DEFAULT, HIGH) * 30]
    make_engine(types=order.types, queue=Away(QueueUnavailable())).drain()
    assert order.begun == [job_id for each in Priority for job_id, found in mixed if found is each]
