"""A poller that waits for the database is not taken for one that hangs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fakes.clock import FakeClock
from jobs.core.errors import StoreUnavailable
from jobs.core.worker.store_retry import PAUSE_SECONDS, StoreRetry
from support.recording import RecordingLog

TIMEOUT = 5.0


class Watched:
    """A poller whose questions take `TIMEOUT` each; `silence` is the longest that it was still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self._said = self.clock()
        self.silence = 0.0
        time = SimpleNamespace(monotonic=self.clock, sleep=self.clock.advance)
        monkeypatch.setattr("jobs.core.worker.store_retry.time", time)
        self.store_retry = StoreRetry(RecordingLog(), self.alive)

    def alive(self) -> None:
        self.silence = max(self.silence, self.clock() - self._said)
        self._said = self.clock()

    def answered(self) -> None:
        self.clock.advance(TIMEOUT)

    def unanswered(self) -> None:
        self.clock.advance(TIMEOUT)
        raise StoreUnavailable


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_a_poller_says_that_it_is_there_before_each_question(watched: Watched) -> None:
    for _ in range(3):
        watched.store_retry.ask(watched.answered)
    watched.alive()
    assert watched.silence == TIMEOUT


def test_it_says_so_between_a_question_without_an_answer_and_the_next_of_one_step(
    watched: Watched,
) -> None:
    def release_and_claim() -> None:
        watched.store_retry.ask(watched.unanswered)
        watched.unanswered()

    watched.store_retry.ask(release_and_claim)
    watched.alive()
    assert watched.silence == pytest.approx(TIMEOUT + PAUSE_SECONDS)
