"""Where a drain finds out what is ready: the queue, and the rows while the queue is away."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from fakes.clock import FakeClock
from fakes.queue import FakeQueue
from fakes.store import FakeStore
from jobs.core.claim import Entry
from jobs.core.errors import QueueUnavailable, StoreUnavailable
from jobs.core.job import NewJob, Priority
from jobs.core.ports.queue import EntryUpdate, LeaveResult
from jobs.core.reconcile import reconcile
from jobs.core.worker.fallback_queue import (
    MAX_FALLBACK_WAIT_SECONDS,
    UNAVAILABLE_SECONDS,
    FallbackQueue,
)
from support.recording import RecordingLog

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT


class View:
    """One poller's view of the queue, on fakes; their clock is the monotonic one too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.queue = FakeQueue(self.clock)
        self.log = RecordingLog()
        self.fallback = FallbackQueue(
            self.queue,
            self.store,
            "poller",
            self.log,
            rebuild=partial(reconcile, self.store, self.queue),
        )
        time = SimpleNamespace(monotonic=self.clock)
        monkeypatch.setattr("jobs.core.worker.fallback_queue.time", time)

    def insert(self, priority: Priority = DEFAULT) -> UUID:
        return self.store.insert(NewJob(uuid4(), "NOOP", {}, priority=priority)).id

    def submit(self, priority: Priority = DEFAULT) -> UUID:
        job_id = self.insert(priority)
        self.queue.publish([Entry(job_id, priority)])
        return job_id

    def taken(self, limit: int = 9, *priorities: Priority) -> list[UUID]:
        taken = self.fallback.take(limit, 10.0, priorities or tuple(Priority))
        return [each.id for each in taken.candidates]

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
    assert len(view.log.of("queue.unavailable")) == 1, "each question would cost its time-out"


def test_a_queue_that_was_away_is_asked_again_after_a_while(view: View) -> None:
    view.break_queue()
    view.taken()
    view.mend_queue()
    job_id = view.submit()
    row_only = view.insert()
    assert set(view.taken()) == {job_id, row_only}, "the rows"
    view.clock.advance(UNAVAILABLE_SECONDS)
    assert view.taken() == [job_id], "the queue"


def test_a_poller_with_no_room_asks_nothing_of_the_rows(view: View) -> None:
    view.break_queue()
    view.store.fault = StoreUnavailable()
    assert not view.taken(0)


def test_moves_are_left_out_while_the_queue_is_away(view: View) -> None:
    job_id = view.submit()
    view.break_queue()
    view.fallback.update_entries([EntryUpdate(job_id, DEFAULT)])
    view.mend_queue()
    view.fallback.update_entries([EntryUpdate(job_id, DEFAULT)])
    assert job_id in view.queue.scores[DEFAULT], "it is not asked again so soon"
    view.clock.advance(UNAVAILABLE_SECONDS)
    view.fallback.update_entries([])
    view.fallback.update_entries([EntryUpdate(job_id, DEFAULT)])
    assert job_id not in view.queue.scores[DEFAULT]


def test_empty_queues_without_a_marker_are_rebuilt(view: View) -> None:
    job_id = view.insert()
    taken = view.fallback.take(9, 10.0)
    assert (taken.candidates, taken.next_in) == ((), 0.0), "there is something to take now"
    assert view.taken() == [job_id]
    assert view.log.of("queue.repaired") == [{"entries": 1, "moved": 0}]


def test_queues_with_a_marker_are_believed(view: View) -> None:
    view.queue.mark_complete()
    view.insert()
    assert view.taken() == view.taken() == []


@pytest.mark.parametrize(("limit", "priorities"), [(0, tuple(Priority)), (9, (HIGH,))])
def test_nothing_is_rebuilt_on_the_way_to_something_else(
    view: View, limit: int, priorities: tuple[Priority, ...]
) -> None:
    view.insert(HIGH)
    view.fallback.take(limit, 10.0, priorities)
    assert not any(view.queue.scores.values())


def test_a_wake_that_a_rebuild_asks_for_is_passed_on(view: View) -> None:
    view.queue._share = 1
    for _ in range(3):
        view.insert()
    assert view.fallback.take(9, 10.0).wake


def test_a_poller_leaves_as_the_queue_says(view: View) -> None:
    assert view.fallback.deregister(60.0, wait_for_leases=False) == LeaveResult(
        left=True, next_in=None
    )
    view.submit()
    assert not view.fallback.deregister(60.0, wait_for_leases=False).left


def test_without_the_queue_a_poller_stays_for_what_the_rows_have_due(view: View) -> None:
    view.break_queue()
    view.insert()
    assert view.fallback.deregister(60.0, wait_for_leases=False) == LeaveResult(
        left=False, next_in=0.0
    )


def test_without_the_queue_a_poller_leaves_when_nothing_is_due_soon(view: View) -> None:
    """The next one is sent by the schedule, and nobody could tell that others wait already."""
    job_id = view.insert()
    view.store.rows[job_id].due += MAX_FALLBACK_WAIT_SECONDS + 1
    view.break_queue()
    answer = view.fallback.deregister(60.0, wait_for_leases=False)
    assert answer.left
    assert answer.next_in == pytest.approx(MAX_FALLBACK_WAIT_SECONDS + 1)


def test_a_poller_that_leaves_takes_itself_off_the_register_of_a_queue_that_is_back(
    view: View,
) -> None:
    view.queue.mark_complete()
    view.taken()
    view.break_queue()
    view.taken()
    view.mend_queue()
    assert view.fallback.deregister(60.0, wait_for_leases=False).left
    assert view.queue.publish([Entry(uuid4(), DEFAULT)]).wake, "nobody is there"


def test_a_poller_stays_if_the_queue_is_back_and_has_something_ready(view: View) -> None:
    view.taken()
    view.break_queue()
    view.taken()
    view.mend_queue()
    view.queue.publish([Entry(uuid4(), DEFAULT)])
    assert not view.fallback.deregister(60.0, wait_for_leases=False).left


def test_rows_that_do_not_answer_are_the_callers_to_handle(view: View) -> None:
    view.break_queue()
    view.store.fault = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        view.taken()
    with pytest.raises(StoreUnavailable):
        view.fallback.deregister(60.0, wait_for_leases=False)


# Queues that are paused


def test_entries_of_a_paused_queue_are_dropped(view: View) -> None:
    job_id, other = view.submit(), view.submit(HIGH)
    taken = view.fallback.take(9, 10.0).candidates
    view.store.pause(DEFAULT)
    view.fallback.drop_paused([each for each in taken if each.id == job_id])
    assert view.queue.scores[DEFAULT] == {}
    assert [*view.queue.scores[HIGH]] == [other]


def test_an_entry_is_put_back_if_its_queue_was_resumed_before_it_was_dropped(view: View) -> None:
    job_id = view.submit()
    place = dict(view.queue.scores[DEFAULT])
    taken = view.fallback.take(9, 10.0).candidates
    view.fallback.drop_paused(taken)
    assert view.queue.scores[DEFAULT] == place
    assert view.taken() == [job_id]


def test_what_waits_in_a_paused_queue_keeps_nobody_while_redis_is_away(view: View) -> None:
    view.submit()
    view.store.pause(DEFAULT)
    view.break_queue()
    assert view.taken() == []
    assert view.fallback.deregister(60.0, wait_for_leases=False).left
