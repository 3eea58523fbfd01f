"""What every `JobQueue` does: the fake, and Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from jobs.core.claim import Entry
from jobs.core.job import Priority
from jobs.core.ports.queue import EntryUpdate, LeaveResult, PollerStatus, Published, QueuePosition
from support.queues import LEASE, POLLERS, REGISTERED, SHARE, WAKING, Queues

if TYPE_CHECKING:
    from uuid import UUID

HIGH, DEFAULT = Priority.HIGH, Priority.DEFAULT

MANY = 2_100
"""More than several calls may have."""


# Publish and take


def test_what_is_ready_can_be_withdrawn_from_one_queue(
    queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.adapters.redis.queue.MAX_ENTRIES_REMOVED", 10)
    taken = queues.publish(2, HIGH)
    queues.take()
    # In more than one step.
    ready, default = queues.publish(25, HIGH), queues.publish(1, DEFAULT)
    [later] = queues.publish(1, HIGH, delay=60)
    queues.queue.remove_ready(HIGH)
    assert queues.taken() == default
    assert queues.queue.position(ready[0], HIGH).position is None
    queues.advance(LEASE)
    assert {*queues.taken()} == {*taken, *default}, "what was not ready is there still"
    queues.advance(60)
    assert later in queues.taken()


def test_nothing_is_withdrawn_from_an_empty_queue(queues: Queues) -> None:
    queues.queue.remove_ready(DEFAULT)
    assert queues.taken() == []


def test_what_is_published_is_taken_in_its_order(queues: Queues) -> None:
    first, second = queues.publish(5), queues.publish(5)
    assert queues.taken() == [*first, *second]


def test_nothing_is_taken_from_empty_queues(queues: Queues) -> None:
    taken = queues.take()
    assert (taken.candidates, taken.next_in, taken.wake) == ((), None, False)


def test_high_is_taken_before_default(queues: Queues) -> None:
    default = queues.publish(2, DEFAULT)
    queues.advance(1)
    high = queues.publish(2, HIGH)
    taken = queues.take(3).candidates
    assert [hint.id for hint in taken] == [*high, default[0]]
    assert [hint.priority for hint in taken] == [HIGH, HIGH, DEFAULT]


def test_only_the_priorities_asked_for_are_taken(queues: Queues) -> None:
    queues.publish(2, DEFAULT)
    high = queues.publish(2, HIGH)
    assert [hint.id for hint in queues.take(priorities=(HIGH,)).candidates] == high
    assert not queues.take(priorities=(HIGH,)).candidates


def test_no_more_than_the_limit_is_taken(queues: Queues) -> None:
    ids = queues.publish(5)
    assert queues.taken(2) == ids[:2]
    assert queues.taken(0) == []
    assert queues.taken(9) == ids[2:]


def test_what_was_taken_is_ready_again_when_its_lease_ends(queues: Queues) -> None:
    ids = queues.publish(1)
    assert queues.taken() == ids
    assert queues.taken() == []
    assert queues.take().next_in == pytest.approx(LEASE, abs=5)
    queues.advance(LEASE)
    assert queues.taken() == ids


def test_an_entry_that_is_not_due_is_not_taken(queues: Queues) -> None:
    ids = queues.publish(1, delay=10)
    assert queues.take().candidates == ()
    assert queues.take().next_in == pytest.approx(10, abs=5)
    queues.advance(10)
    assert queues.taken() == ids


def test_what_was_due_first_is_taken_first(queues: Queues) -> None:
    [late] = queues.publish(1)
    [overdue] = queues.publish(1, delay=-60)
    assert queues.taken() == [overdue, late]


def test_next_in_is_not_positive_while_something_is_ready(queues: Queues) -> None:
    queues.publish(2)
    next_in = queues.take(1).next_in
    assert next_in is not None
    assert next_in <= 0


def test_publishing_again_changes_nothing(queues: Queues) -> None:
    [job_id] = queues.publish(1, delay=10)
    assert queues.publish_again(job_id, delay=0).added == 0
    assert queues.taken() == []
    queues.advance(10)
    assert queues.taken() == [job_id]
    assert queues.publish_again(job_id).added == 0
    assert queues.taken() == [], "it is leased"


def late(queues: Queues, job_id: UUID, delay: float, tolerance: float = LEASE + 1) -> int:
    return queues.queue.publish([Entry(job_id, DEFAULT, delay)], tolerance=tolerance).moved


def test_an_entry_that_is_too_late_is_moved_forward(queues: Queues) -> None:
    [job_id] = queues.publish(1, delay=3600)
    assert late(queues, job_id, 60) == 1
    assert queues.taken() == []
    queues.advance(60)
    assert queues.taken() == [job_id]
    [overdue] = queues.publish(1, delay=3600)
    assert late(queues, overdue, -60) == 1
    assert queues.taken() == [overdue]


def test_an_entry_is_never_made_later(queues: Queues) -> None:
    ready, soon = queues.publish(1)[0], queues.publish(1, delay=10)[0]
    assert late(queues, ready, 3600) == late(queues, soon, 3600) == 0
    queues.advance(10)
    assert queues.taken() == [ready, soon]


def test_a_lease_is_not_taken_for_an_entry_that_is_too_late(queues: Queues) -> None:
    """Its row may have been read before it was taken, and says that it is due."""
    [job_id] = queues.publish(1)
    assert queues.taken() == [job_id]
    assert late(queues, job_id, -60) == 0
    assert queues.taken() == []


def test_an_entry_that_moves_forward_wakes_a_poller(queues: Queues) -> None:
    [job_id] = queues.publish(1, delay=3600)
    entry = Entry(job_id, DEFAULT, 0.0)
    assert queues.queue.publish([entry], tolerance=LEASE).wake
    assert queues.taken() == [job_id]


def test_publish_counts_what_was_new(queues: Queues) -> None:
    old = Entry(uuid4(), DEFAULT)
    assert queues.queue.publish([old]).added == 1
    assert queues.queue.publish([old, Entry(uuid4(), HIGH), Entry(uuid4(), DEFAULT)]).added == 2


# More than one call may have


def taken_in_parts(queues: Queues) -> list[UUID]:
    """All that is ready, in the order in which it is taken."""
    found: list[UUID] = []
    while part := queues.taken(MANY):
        found += part
    return found


def test_many_entries_are_published_at_once_in_their_order(queues: Queues) -> None:
    ids = [uuid4() for _ in range(MANY)]
    published = queues.queue.publish([Entry(each, DEFAULT) for each in ids])
    assert published == Published(MANY, wake=True), "asked once, whichever part needs a poller"
    assert taken_in_parts(queues) == ids


def test_a_poller_is_woken_for_one_entry_that_is_due_among_many_that_are_not(
    queues: Queues,
) -> None:
    later = [Entry(uuid4(), DEFAULT, 3600) for _ in range(MANY)]
    assert not queues.queue.publish(later).wake
    assert queues.queue.publish([Entry(uuid4(), DEFAULT), *later]) == Published(1, wake=True)


def test_a_poller_is_woken_for_the_last_of_many_entries(queues: Queues) -> None:
    later = [Entry(uuid4(), DEFAULT, 3600) for _ in range(MANY)]
    assert queues.queue.publish([*later, Entry(uuid4(), DEFAULT)]) == Published(MANY + 1, wake=True)


def test_many_entries_are_changed_at_once(queues: Queues) -> None:
    ids = queues.publish(MANY, DEFAULT, delay=3600)
    gone, sooner = ids[: MANY // 2], ids[MANY // 2 :]
    queues.queue.update_entries(
        [EntryUpdate(each, DEFAULT) for each in gone]
        + [EntryUpdate(each, DEFAULT, delay=0.0, sooner=True) for each in sooner]
    )
    queues.advance(1)
    assert {*taken_in_parts(queues)} == {*sooner}
    queues.advance(3600)
    assert {*taken_in_parts(queues)} == {*sooner}


def test_no_entries_are_changed(queues: Queues) -> None:
    queues.queue.update_entries([])
    assert queues.queue.publish([]) == Published(0, wake=False)


# Settle


def test_a_removed_entry_is_gone(queues: Queues) -> None:
    done, other = queues.publish(2)
    queues.taken()
    queues.queue.update_entries([EntryUpdate(done, DEFAULT)])
    queues.advance(LEASE)
    assert queues.taken() == [other]


def test_an_entry_is_moved_to_a_delay(queues: Queues) -> None:
    [job_id] = queues.publish(1)
    queues.taken()
    queues.queue.update_entries([EntryUpdate(job_id, DEFAULT, 2.0)])
    assert queues.take().next_in == pytest.approx(2, abs=1.9)
    queues.advance(2)
    assert queues.taken() == [job_id]


def test_an_entry_gets_its_place_back(queues: Queues) -> None:
    ids = queues.publish(3)
    hints = queues.take(2).candidates
    queues.queue.update_entries(
        [EntryUpdate(hint.id, hint.priority, score=hint.score) for hint in hints]
    )
    assert queues.taken() == ids


def test_a_move_adds_what_was_not_there(queues: Queues) -> None:
    moved = uuid4()
    queues.queue.update_entries([EntryUpdate(moved, HIGH, -1.0), EntryUpdate(uuid4(), HIGH)])
    assert queues.taken() == [moved]


def test_a_job_moves_from_queue_to_queue(queues: Queues) -> None:
    [job_id] = queues.publish(1, DEFAULT)
    queues.queue.update_entries([EntryUpdate(job_id, DEFAULT), EntryUpdate(job_id, HIGH, 0.0)])
    [hint] = queues.take().candidates
    assert (hint.id, hint.priority) == (job_id, HIGH)


def test_an_entry_that_is_to_be_ready_sooner_is_never_made_later(queues: Queues) -> None:
    later, earlier, gone = queues.publish(3)
    queues.taken()
    queues.queue.update_entries([EntryUpdate(earlier, DEFAULT, -2.0), EntryUpdate(gone, DEFAULT)])
    queues.queue.update_entries(
        [EntryUpdate(job, DEFAULT, -1.0, sooner=True) for job in (later, earlier, gone)]
    )
    assert queues.taken() == [earlier, later]


# Waking


def test_a_wake_is_asked_for_once_while_nobody_is_there(queues: Queues) -> None:
    assert queues.publish_again(uuid4()) == Published(1, wake=True)
    assert queues.publish_again(uuid4()) == Published(1, wake=False)


def test_a_wake_that_led_to_nothing_is_asked_for_again_after_a_while(queues: Queues) -> None:
    queues.publish(1)
    queues.advance(WAKING)
    assert queues.publish_again(uuid4()).wake


def test_publishing_again_what_nobody_works_on_asks_for_a_wake(queues: Queues) -> None:
    [job_id] = queues.publish(1)
    queues.advance(WAKING)
    assert queues.publish_again(job_id) == Published(0, wake=True)


def test_what_is_due_long_after_the_next_tick_wakes_nobody(queues: Queues) -> None:
    assert not queues.publish_again(uuid4(), delay=3600).wake


def test_what_is_due_before_the_next_tick_wakes_one_to_wait_for_it(queues: Queues) -> None:
    assert queues.publish_again(uuid4(), delay=10).wake
    assert not queues.publish_again(uuid4(), delay=10).wake, "one is under way"
    queues.take()
    queues.advance(WAKING)
    queues.take()
    assert not queues.publish_again(uuid4(), delay=10).wake, "one is there"


def test_a_poller_at_work_is_enough_for_its_share(queues: Queues) -> None:
    queues.take()
    wakes = [queues.publish_again(uuid4()).wake for _ in range(SHARE + 1)]
    assert wakes == [False] * SHARE + [True]


def test_a_poller_with_no_room_is_enough_for_nothing(queues: Queues) -> None:
    queues.take()
    assert not queues.publish_again(uuid4()).wake
    assert queues.take(0).wake
    assert not queues.take(0).wake, "one is under way"


def test_publishing_to_pollers_with_no_room_asks_for_another(queues: Queues) -> None:
    queues.take(0, "full")
    assert queues.publish_again(uuid4()).wake


def test_a_poller_has_no_room_until_it_takes_from_all_queues_again(queues: Queues) -> None:
    queues.take(0)
    queues.take(9, priorities=(HIGH,))
    assert queues.publish_again(uuid4()).wake
    queues.advance(WAKING)
    queues.take(0)
    queues.take(9)
    assert not queues.publish_again(uuid4()).wake


def test_a_poller_with_room_is_enough_beside_one_without(queues: Queues) -> None:
    queues.take(poller="free")
    queues.take(0, "full")
    assert not queues.publish_again(uuid4()).wake
    assert not queues.take(0, "full").wake


def test_a_take_asks_for_another_poller_when_more_is_ready_than_its_share(queues: Queues) -> None:
    queues.publish(SHARE + 1)
    queues.advance(WAKING)
    assert not queues.take(1).wake, "its share is left"
    queues.publish(1)
    assert not queues.publish_again(uuid4()).wake, "the publication before has asked"
    queues.advance(WAKING)
    assert queues.take(1).wake


def test_no_more_pollers_are_woken_than_there_may_be(queues: Queues) -> None:
    for number in range(POLLERS):
        queues.take(poller=f"poller {number}")
    queues.publish(SHARE * POLLERS + 5)
    assert not queues.publish_again(uuid4()).wake
    assert not queues.take(0).wake


def test_a_new_poller_ends_the_wait_for_it(queues: Queues) -> None:
    assert queues.publish_again(uuid4()).wake
    queues.take(1)
    queues.queue.deregister("poller", max_wait=-1)
    assert queues.publish_again(uuid4()).wake


def test_a_poller_that_is_silent_is_forgotten(queues: Queues) -> None:
    queues.take()
    queues.advance(REGISTERED)
    assert queues.publish_again(uuid4()).wake


def test_a_poller_that_takes_is_remembered(queues: Queues) -> None:
    for _ in range(3):
        queues.take()
        queues.advance(REGISTERED - 5)
    assert not queues.publish_again(uuid4()).wake


def test_a_wake_that_was_noted_and_not_sent_is_forgotten_with_the_last_poller(
    queues: Queues,
) -> None:
    queues.take(0)
    assert queues.publish_again(uuid4()).wake
    queues.queue.deregister("poller", max_wait=-1)
    assert queues.publish_again(uuid4()).wake


def test_a_wake_that_is_under_way_is_kept_in_mind_while_a_poller_is_left(queues: Queues) -> None:
    queues.take(0, "full")
    assert queues.publish_again(uuid4()).wake
    queues.queue.deregister("another", max_wait=-1)
    assert not queues.publish_again(uuid4()).wake


# Leave


def test_a_poller_leaves_empty_queues(queues: Queues) -> None:
    queues.take()
    assert queues.queue.deregister("poller", max_wait=60) == LeaveResult(left=True, next_in=None)
    assert queues.publish_again(uuid4()).wake, "nobody is there any more"


def test_a_poller_stays_while_something_is_ready(queues: Queues) -> None:
    queues.take()
    queues.publish(1)
    answer = queues.queue.deregister("poller", max_wait=0)
    assert not answer.left
    assert answer.next_in is not None
    assert answer.next_in <= 0
    assert not queues.publish_again(uuid4()).wake, "it is still there"


def test_a_poller_stays_for_what_is_due_within_its_horizon(queues: Queues) -> None:
    queues.take()
    queues.publish(1, HIGH, delay=10)
    answer = queues.queue.deregister("poller", max_wait=60)
    assert not answer.left
    assert answer.next_in == pytest.approx(10, abs=5)
    assert queues.queue.deregister("poller", max_wait=1).left


def test_one_poller_is_enough_to_wait_unless_another_is_patient(queues: Queues) -> None:
    queues.take(poller="one")
    queues.take(poller="two")
    queues.publish(1, delay=10)
    assert not queues.queue.deregister("two", max_wait=60, wait_for_leases=True).left
    assert queues.queue.deregister("two", max_wait=60).left
    assert not queues.queue.deregister("one", max_wait=60).left


def test_a_forgotten_poller_does_not_wait_for_others(queues: Queues) -> None:
    queues.take(poller="dead")
    queues.advance(REGISTERED)
    queues.take(poller="live")
    queues.publish(1, delay=10)
    assert not queues.queue.deregister("live", max_wait=60).left


def test_a_poller_leaves_in_any_case_when_its_time_is_up(queues: Queues) -> None:
    queues.take()
    queues.publish(1)
    answer = queues.queue.deregister("poller", max_wait=-1)
    assert answer.left
    assert answer.next_in is not None
    assert answer.next_in <= 0
    assert queues.publish_again(uuid4()).wake


# Memory


def test_queues_are_complete_from_when_it_is_noted_until_memory_is_lost(queues: Queues) -> None:
    assert not queues.take().complete
    queues.queue.mark_complete()
    assert queues.take().complete
    queues.publish(1)
    queues.flush()
    taken = queues.take()
    assert not taken.complete
    assert not taken.candidates


def test_queues_are_incomplete_from_when_it_is_noted(queues: Queues) -> None:
    queues.queue.mark_complete()
    queues.queue.mark_incomplete()
    assert not queues.take().complete


def test_a_queue_that_is_there_answers(queues: Queues) -> None:
    queues.queue.ping()


# QueuePosition


def test_an_entry_stands_behind_what_is_taken_before_it(queues: Queues) -> None:
    first, second = queues.publish(2)
    [high] = queues.publish(1, HIGH)
    queues.publish(1, HIGH, delay=10)
    standing = queues.queue.position
    assert [standing(each, DEFAULT).position for each in (first, second)] == [2, 3]
    assert standing(high, HIGH).position == 1


def test_an_entry_that_is_not_ready_or_not_there_has_no_position(queues: Queues) -> None:
    [later] = queues.publish(1, delay=10)
    [leased] = queues.publish(1)
    queues.take()
    for each in (later, leased, uuid4()):
        assert queues.queue.position(each, DEFAULT).position is None
    [high] = queues.publish(1, HIGH)
    assert queues.queue.position(high, DEFAULT).position is None, "it is in the other queue"


def test_who_is_there_to_take_an_entry_is_known(queues: Queues) -> None:
    assert queues.queue.position(uuid4(), HIGH) == QueuePosition(None, 0, waking=False)
    queues.publish(1)
    assert queues.queue.position(uuid4(), HIGH) == QueuePosition(None, 0, waking=True)
    queues.take(poller="one")
    queues.take(poller="two")
    assert queues.queue.position(uuid4(), HIGH) == QueuePosition(None, 2, waking=False)
    queues.advance(REGISTERED)
    assert queues.queue.position(uuid4(), HIGH).pollers == 0


# PollerStatus


def test_a_poller_is_remembered_after_it_has_left(queues: Queues) -> None:
    assert queues.queue.pollers() == PollerStatus(0, None)
    queues.take(poller="one")
    queues.take(poller="two")
    assert queues.queue.pollers() == PollerStatus(2, 0.0)
    for poller in ("one", "two"):
        queues.queue.deregister(poller, max_wait=-1)
    gone = queues.queue.pollers()
    assert gone.pollers == 0
    assert gone.seen == pytest.approx(0, abs=2)
    queues.flush()
    assert queues.queue.pollers() == PollerStatus(0, None)


def test_what_the_pollers_report_of_their_settings_is_known(queues: Queues) -> None:
    parts = {"mail": ("MAIL_FROM", "MAIL_TLS"), "events": ("EVENT_BUS",)}
    queues.queue.report_misconfigured(parts)
    assert queues.queue.pollers().misconfigured == parts
    queues.queue.report_misconfigured({"mail": ["MAIL_FROM"]})
    assert queues.queue.pollers().misconfigured == {"mail": ("MAIL_FROM",)}
    queues.queue.report_misconfigured({})
    assert queues.queue.pollers() == PollerStatus(0, None)
