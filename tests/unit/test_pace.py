"""How many jobs are claimed at once."""

from __future__ import annotations

import pytest

from jobs.core.pace import MOMENT, Pace


def learned(seconds: float, *, slots: int = 8, most: int = 200) -> Pace:
    """A pace that has seen many attempts of `seconds`."""
    pace = Pace(slots, most)
    for _ in range(100):
        pace.note(seconds)
    return pace


@pytest.mark.parametrize(
    ("seconds", "running", "waiting", "room"),
    [
        (10.0, 0, 0, 8),  # long jobs: one for each slot
        (10.0, 5, 0, 3),
        (10.0, 8, 0, 0),
        (10.0, 7, 1, 0),  # one that waits already has the free slot
        (MOMENT, 8, 0, 8),  # a moment's work ahead
        (MOMENT, 8, 8, 0),
        (0.0, 0, 0, 200),  # never more than `most` in hand and unstarted
        (0.0, 8, 150, 50),
        (0.0, 0, 200, 0),
        (0.0, 0, 500, 0),
    ],
)
def test_room(seconds: float, running: int, waiting: int, room: int) -> None:
    assert learned(seconds).room(running=running, waiting=waiting) == room


def test_what_waits_takes_a_moment_at_most() -> None:
    for milliseconds in (1, 3, 10, 30, 100, 300):
        pace = learned(milliseconds / 1000)
        ahead = pace.room(running=8, waiting=0)
        assert ahead * milliseconds / 1000 / pace.slots <= MOMENT * 1.01


def test_it_follows_a_change_within_some_tens_of_attempts() -> None:
    pace = learned(0.001)
    before = pace.room(running=8, waiting=0)
    for _ in range(30):
        pace.note(1.0)
    assert pace.room(running=8, waiting=0) == 0
    assert before > 100


def test_a_poller_that_has_seen_nothing_yet_takes_little() -> None:
    assert Pace(8, 200).room(running=0, waiting=0) == 16
