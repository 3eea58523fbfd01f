"""Where a drain finds out what is ready: the queue, and the rows while the queue is away."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from fakes.clock import FakeClock
from fakes.queue import FakeQueue
from fakes.store import FakeStore
from jobs.core.errors import QueueUnavailable, StoreUnavailable
from jobs.core.hints import AWAY_HORIZON, AWAY_SECONDS, Hints
from jobs.core.model import NewJob, Priority
from jobs.core.ports.queue import Entry, Leave, Move
from support.recording import RecordingLog

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


class View:
    """One poller's hints, on fakes whose clock stands still; the monotonic clock is told too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.queue = FakeQueue(self.clock)
        self.log = RecordingLog()
        self.hints = Hints(self.queue, self.store, "poller", self.log)
        monkeypatch.setattr("jobs.core.hints.time", SimpleNamespace(monotonic=self.clock))

    def insert(self, priority: Priority = DEFAULT) -> UUID:
        return self.store.insert(NewJob(uuid4(), "NOOP", {}, priority)).id

    def submit(self, priority: Priority = DEFAULT) -> UUID:
        job_id = self.insert(priority)
        self.queue.publish([Entry(job_id, priority)])
        return job_id

    def taken(self, limit: int = 9, *priorities: Priority) -> list[UUID]:
        taken = self.hints.take(limit, 10.0, priorities or tuple(Priority))
        return [hint.id for hint in taken.hints]

    def break_queue(self) -> None:
        self.queue.fault = QueueUnavailable()

    def mend_queue(self) -> None:
        self.queue.fault = None


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> View:
    return View(monkeypatch)


def test_the_queue_is_asked_while_it_answers(view: View) -> None:
    jobs = [view.submit(), view.submit()]
    view.insert()
    assert view.taken() == jobs
    assert not view.log.events


def test_the_rows_are_asked_while_the_queue_is_away(view: View) -> None:
    default, high = view.insert(), view.insert(HIGH)
    view.break_queue()
    assert view.taken() == [high, default]
    assert view.taken(9, HIGH) == [high]
    assert view.taken(1) == [high]
    assert len(view.log.of("queue.away")) == 1, "each question would cost its time-out"


def test_a_queue_that_was_away_is_asked_again_after_a_while(view: View) -> None:
    view.break_queue()
    view.taken()
    view.mend_queue()
    job_id = view.submit()
    row_only = view.insert()
    assert set(view.taken()) == {job_id, row_only}, "the rows"
    view.clock.advance(AWAY_SECONDS)
    assert view.taken() == [job_id], "the queue"


def test_a_poller_with_no_room_asks_nothing_of_the_rows(view: View) -> None:
    view.break_queue()
    view.store.fault = StoreUnavailable()
    assert not view.taken(0)


def test_moves_are_left_out_while_the_queue_is_away(view: View) -> None:
    job_id = view.submit()
    view.break_queue()
    view.hints.settle([Move(job_id, DEFAULT)])
    view.mend_queue()
    view.hints.settle([Move(job_id, DEFAULT)])
    assert job_id in view.queue.scores[DEFAULT], "it is not asked again so soon"
    view.clock.advance(AWAY_SECONDS)
    view.hints.settle([])
    view.hints.settle([Move(job_id, DEFAULT)])
    assert job_id not in view.queue.scores[DEFAULT]


def test_empty_queues_without_a_marker_are_rebuilt(view: View) -> None:
    job_id = view.insert()
    taken = view.hints.take(9, 10.0)
    assert (taken.hints, taken.next_in) == ((), 0.0), "there is something to take now"
    assert view.taken() == [job_id]
    assert view.log.of("queue.mended") == [{"entries": 1}]


def test_queues_with_a_marker_are_believed(view: View) -> None:
    view.queue.mark_complete()
    view.insert()
    assert view.taken() == view.taken() == []


@pytest.mark.parametrize(("limit", "priorities"), [(0, tuple(Priority)), (9, (HIGH,))])
def test_nothing_is_rebuilt_on_the_way_to_something_else(
    view: View, limit: int, priorities: tuple[Priority, ...]
) -> None:
    view.insert(HIGH)
    view.hints.take(limit, 10.0, priorities)
    assert not any(view.queue.scores.values())


def test_a_wake_that_a_rebuild_asks_for_is_passed_on(view: View) -> None:
    view.queue._share = 1
    for _ in range(3):
        view.insert()
    assert view.hints.take(9, 10.0).wake


def test_a_poller_leaves_as_the_queue_says(view: View) -> None:
    assert view.hints.leave(60.0, patient=False) == Leave(left=True, next_in=None)
    view.submit()
    assert not view.hints.leave(60.0, patient=False).left


def test_without_the_queue_a_poller_stays_for_what_the_rows_have_due(view: View) -> None:
    view.break_queue()
    view.insert()
    assert view.hints.leave(60.0, patient=False) == Leave(left=False, next_in=0.0)


def test_without_the_queue_a_poller_leaves_when_nothing_is_due_soon(view: View) -> None:
    """The next one is sent by the schedule, and nobody could tell that others wait already."""
    job_id = view.insert()
    view.store.rows[job_id].due += AWAY_HORIZON + 1
    view.break_queue()
    answer = view.hints.leave(60.0, patient=False)
    assert answer.left
    assert answer.next_in == pytest.approx(AWAY_HORIZON + 1)


def test_a_poller_that_leaves_takes_itself_off_the_register_of_a_queue_that_is_back(
    view: View,
) -> None:
    view.queue.mark_complete()
    view.taken()
    view.break_queue()
    view.taken()
    view.mend_queue()
    assert view.hints.leave(60.0, patient=False).left
    assert view.queue.publish([Entry(uuid4(), DEFAULT)]).wake, "nobody is there"


def test_a_poller_stays_if_the_queue_is_back_and_has_something_ready(view: View) -> None:
    view.taken()
    view.break_queue()
    view.taken()
    view.mend_queue()
    view.queue.publish([Entry(uuid4(), DEFAULT)])
    assert not view.hints.leave(60.0, patient=False).left


def test_rows_that_do_not_answer_are_the_callers_to_handle(view: View) -> None:
    view.break_queue()
    view.store.fault = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        view.taken()
    with pytest.raises(StoreUnavailable):
        view.hints.leave(60.0, patient=False)


# Queues that are paused


def test_entries_of_a_paused_queue_are_dropped(view: View) -> None:
    job_id, other = view.submit(), view.submit(HIGH)
    taken = view.hints.take(9, 10.0).hints
    view.store.pause(DEFAULT)
    view.hints.drop_paused([hint for hint in taken if hint.id == job_id])
    assert view.queue.scores[DEFAULT] == {}
    assert [*view.queue.scores[HIGH]] == [other]


def test_an_entry_is_put_back_if_its_queue_was_resumed_before_it_was_dropped(view: View) -> None:
    job_id = view.submit()
    place = dict(view.queue.scores[DEFAULT])
    taken = view.hints.take(9, 10.0).hints
    view.hints.drop_paused(taken)
    assert view.queue.scores[DEFAULT] == place
    assert view.taken() == [job_id]


def test_what_waits_in_a_paused_queue_keeps_nobody_while_redis_is_away(view: View) -> None:
    view.submit()
    view.store.pause(DEFAULT)
    view.break_queue()
    assert view.taken() == []
    assert view.hints.leave(60.0, patient=False).left
