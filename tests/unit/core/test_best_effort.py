"""The queue answers, or nothing is raised: what is missed is mended from the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from jobs.core.best_effort import BestEffortQueue
from jobs.core.claim import Entry
from jobs.core.errors import QueueUnavailable, StoreUnavailable
from jobs.core.job import Priority
from jobs.core.ports.queue import EntryUpdate, PollerStatus, Published, QueuePosition

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.world import World

DEFAULT = Priority.DEFAULT
JOB_ID = uuid4()


def best_effort(world: World) -> BestEffortQueue:
    return BestEffortQueue(world.queue, world.log)


def test_a_queue_that_answers_is_asked_and_nothing_is_logged(world: World) -> None:
    queue = best_effort(world)
    assert queue.pollers() == PollerStatus(0, None)
    assert queue.publish([Entry(JOB_ID, DEFAULT)]) == Published(1, wake=True)
    assert queue.publish([Entry(JOB_ID, DEFAULT)]) == Published(0, wake=False)
    assert queue.position(JOB_ID, DEFAULT) == QueuePosition(1, 0, waking=True)
    queue.update_entries([EntryUpdate(JOB_ID, DEFAULT, delay=60.0)])
    assert world.queue.scores[DEFAULT] == {JOB_ID: (world.clock() + 60) * 1000}
    queue.remove_ready(DEFAULT)
    assert JOB_ID in world.queue.scores[DEFAULT], "it is not ready"
    world.clock.advance(60)
    queue.remove_ready(DEFAULT)
    assert world.queue.scores[DEFAULT] == {}
    assert queue.ask(lambda *given: given, 1, 2) == (1, 2)
    assert world.events == []


@pytest.mark.parametrize("fault", [QueueUnavailable("gone"), RuntimeError("gone")])
@pytest.mark.parametrize(
    ("question", "answer", "event"),
    [
        (
            lambda queue: queue.publish([Entry(JOB_ID, DEFAULT)]),
            Published(0, wake=True),
            "queue.update_skipped",
        ),
        (
            lambda queue: queue.update_entries([EntryUpdate(JOB_ID, DEFAULT)]),
            None,
            "queue.update_skipped",
        ),
        (lambda queue: queue.remove_ready(DEFAULT), None, "queue.update_skipped"),
        (lambda queue: queue.position(JOB_ID, DEFAULT), None, "queue.unavailable"),
        (lambda queue: queue.pollers(), None, "queue.unavailable"),
    ],
    ids=["publish", "update_entries", "remove_ready", "position", "pollers"],
)
def test_without_an_answer_it_is_logged_and_work_goes_on(
    world: World,
    question: Callable[[BestEffortQueue], Any],
    answer: object,
    event: str,
    fault: Exception,
) -> None:
    world.queue.fault = fault
    assert question(best_effort(world)) == answer
    assert world.events == [(event, {"level": "WARNING", "error": "gone"})]


def test_a_question_of_ones_own_has_an_event_of_its_own(world: World) -> None:
    world.queue.fault = QueueUnavailable("gone")
    assert best_effort(world).ask(world.queue.ping, event="queue.update_skipped") is None
    assert best_effort(world).ask(world.queue.ping) is None
    assert [name for name, _ in world.events] == ["queue.update_skipped", "queue.unavailable"]


def test_a_store_that_does_not_answer_is_the_callers_to_handle(world: World) -> None:
    world.store.fault = StoreUnavailable("gone")
    with pytest.raises(StoreUnavailable):
        best_effort(world).ask(world.store.open_entries, 1)
    world.queue.fault = StoreUnavailable("gone")
    queue = best_effort(world)
    questions: list[Callable[[], object]] = [
        lambda: queue.publish([]),
        lambda: queue.update_entries([]),
        lambda: queue.remove_ready(DEFAULT),
        lambda: queue.position(JOB_ID, DEFAULT),
        queue.pollers,
    ]
    for ask in questions:
        with pytest.raises(StoreUnavailable):
            ask()
    assert world.events == []
