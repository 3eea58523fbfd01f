"""What every `PollSlots` does: the fake, and Redis, alone and as a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.conftest import Polls


def test_no_more_slots_are_taken_than_there_are(polls: Polls) -> None:
    assert [polls.slots.take(name, 30) for name in "abc"] == [True, True, False]
    polls.slots.release("a")
    assert [polls.slots.take(name, 30) for name in "cd"] == [True, False]


def test_a_slot_is_taken_once_under_its_name(polls: Polls) -> None:
    assert [polls.slots.take(name, 30) for name in "aaab"] == [True] * 4
    assert polls.slots.take("b", 30)
    assert not polls.slots.take("c", 30)


def test_a_slot_that_nobody_releases_is_free_after_its_time(polls: Polls) -> None:
    assert polls.slots.take("a", 30)
    polls.advance(20)
    assert polls.slots.take("b", 30)
    polls.advance(9)
    assert not polls.slots.take("c", 30)
    polls.advance(2)
    assert polls.slots.take("c", 30)
    assert not polls.slots.take("d", 30)


def test_what_is_free_can_be_released(polls: Polls) -> None:
    polls.slots.release("a")
    assert polls.slots.take("a", 30)
