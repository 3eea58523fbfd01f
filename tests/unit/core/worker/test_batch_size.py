"""How many jobs are claimed at once."""

from __future__ import annotations

import pytest

from jobs.core.worker.thread_pool import CLAIM_AHEAD_SECONDS, BatchSize


def learned(seconds: float, *, slots: int = 8, most: int = 200) -> BatchSize:
    """A batch size that has learned from many attempts of `seconds`."""
    size = BatchSize(slots, most)
    for _ in range(100):
        size.note(seconds)
    return size


@pytest.mark.parametrize(
    ("seconds", "running", "waiting", "more"),
    [
        (10.0, 0, 0, 8),  # long jobs: one for each slot
        (10.0, 5, 0, 3),
        (10.0, 8, 0, 0),
        (10.0, 7, 1, 0),  # one that waits already has the free slot
        (CLAIM_AHEAD_SECONDS, 8, 0, 8),  # a moment's work ahead
        (CLAIM_AHEAD_SECONDS, 8, 8, 0),
        (0.0, 0, 0, 200),  # never more than `most` in hand and unstarted
        (0.0, 8, 150, 50),
        (0.0, 0, 200, 0),
        (0.0, 0, 500, 0),
    ],
)
def test_more(seconds: float, running: int, waiting: int, more: int) -> None:
    assert learned(seconds).more(running=running, waiting=waiting) == more


def test_what_waits_takes_a_moment_at_most() -> None:
    for milliseconds in (1, 3, 10, 30, 100, 300):
        size = learned(milliseconds / 1000)
        ahead = size.more(running=8, waiting=0)
        assert ahead * milliseconds / 1000 / size.slots <= CLAIM_AHEAD_SECONDS * 1.01


def test_it_follows_a_change_within_some_tens_of_attempts() -> None:
    size = learned(0.001)
    before = size.more(running=8, waiting=0)
    for _ in range(30):
        size.note(1.0)
    assert size.more(running=8, waiting=0) == 0
    assert before > 100


def test_a_poller_that_has_seen_nothing_yet_takes_little() -> None:
    assert BatchSize(8, 200).more(running=0, waiting=0) == 16
