"""Health: says which component is down, soon, and without telling secrets."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from fakes.store import FakeStore
from jobs.core.errors import QueueUnavailable, SchemaMissing, StoreUnavailable
from jobs.core.health import POLLER, SILENT_AFTER_SECONDS, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.world import World

SECRET = "password=hunter2"


class HangingStore(FakeStore):
    """A store whose answer does not come before `gate` is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.asked = 0
        self.refused = False

    def ping(self) -> None:
        self.asked += 1
        self.thread = threading.current_thread()
        if self.refused:
            raise StoreUnavailable(SECRET)
        self.gate.wait()


@pytest.fixture
def hanging() -> Iterator[HangingStore]:
    store = HangingStore()
    yield store
    store.gate.set()


def problems(health: Health) -> dict[str, str | None]:
    return {component.name: component.problem for component in health() if component.name != POLLER}


def poller(health: Health) -> tuple[str, float | None]:
    [component] = [component for component in health() if component.name == POLLER]
    assert component.problem is None
    return component.state, component.seen


def test_all_parts_answer(world: World) -> None:
    assert problems(world.api().health) == {"database": None, "queue": None}
    assert all(0 <= component.seconds < 1 for component in world.api().health())
    assert world.events == []


def test_the_part_that_is_down_is_named_and_its_words_go_to_the_log_alone(world: World) -> None:
    world.queue.fault = QueueUnavailable(SECRET)
    assert problems(world.api().health) == {"database": None, "queue": "does not answer"}
    [(event, fields)] = world.events
    assert (event, fields["component"], str(fields["error"])) == ("component.down", "queue", SECRET)


def test_both_may_be_down_and_be_up_again(world: World) -> None:
    health = world.api().health
    world.store.fault, world.queue.fault = StoreUnavailable(SECRET), RuntimeError(SECRET)
    assert problems(health) == {"database": "does not answer", "queue": "does not answer"}
    world.store.fault = world.queue.fault = None
    assert problems(health) == {"database": None, "queue": None}


def test_a_missing_schema_is_told_and_asked_for(world: World) -> None:
    world.store.fault = SchemaMissing()
    assert "schema" in (problems(world.api().health)["database"] or "")
    assert world.waker.wakes == [(0, False)]


def test_a_part_that_hangs_holds_nobody_up_and_is_asked_once(
    world: World, hanging: HangingStore
) -> None:
    health = Health(store=hanging, queue=world.queue, log=world.log, within=0.1)
    for _ in range(3):
        began = time.monotonic()
        assert problems(health) == {"database": "no answer within 0.1 s", "queue": None}
        assert time.monotonic() - began < 1
    assert hanging.asked == 1
    hanging.gate.set()
    assert problems(health) == {"database": None, "queue": None}


def test_an_answer_that_came_too_late_is_not_shown_later(
    world: World, hanging: HangingStore
) -> None:
    health = Health(store=hanging, queue=world.queue, log=world.log, within=0.1)
    assert problems(health)["database"]
    hanging.gate.set()
    hanging.thread.join()
    hanging.refused = True
    assert problems(health)["database"] == "does not answer"


def test_the_poller_is_told_of_and_is_no_fault(world: World) -> None:
    health = world.api().health
    assert poller(health) == ("unknown", None), "none has been there yet"
    world.queue.take("one", limit=1, lease=9)
    assert poller(health) == ("up", 0.0)
    world.queue.deregister("one", max_wait=-1)
    world.clock.advance(SILENT_AFTER_SECONDS)
    assert poller(health) == ("up", SILENT_AFTER_SECONDS)
    world.clock.advance(1)
    assert poller(health) == ("silent", SILENT_AFTER_SECONDS + 1)
    world.queue.fault = QueueUnavailable()
    assert poller(health) == ("unknown", None)
