"""What passes between an attempt and its drain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.attempts import LONGEST_MESSAGE, Attempts
from jobs.core.job_type import JobType, Tools
from jobs.core.model import Progress
from jobs.core.outcome import Done, TryAgain
from support.claims import a_claim
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from jobs.core.model import Claim, Result

CLAIM = a_claim("T", {})


def attempts(work: Callable[[Tools], Any]) -> Attempts:
    def process(claim: Claim, tools: Tools) -> Result:
        return {"answer": work(tools)}

    types = {"T": JobType("T", process, 1.0)}
    return Attempts(types, Tools(FakeObjects(), FakeMailer()), RecordingLog())


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ((40,), Progress(40.0)),
        ((12.5, "half"), Progress(12.5, "half")),
        ((-1, ""), Progress(0.0, "")),
        ((1e9, "x" * 1000), Progress(100.0, "x" * LONGEST_MESSAGE)),
        ((1, "a\0\ud800"), Progress(1.0, "a\ufffd?")),
    ],
)
def test_what_was_told_last_is_kept_once(said: tuple[Any, ...], kept: Progress) -> None:
    told: list[list[tuple[Claim, Progress]]] = []

    def work(tools: Tools) -> None:
        tools.progress(7, "not this")
        tools.progress(*said)
        told.extend([at.reported(), at.reported()])

    at = attempts(work)
    assert at.run(CLAIM) == Done({"answer": None})
    assert told == [[(CLAIM, kept)], []]
    assert at.reported() == [], "an attempt that has ended tells nothing"


def test_an_attempt_learns_that_it_was_cancelled() -> None:
    def work(tools: Tools) -> list[bool]:
        before = tools.cancelled()
        at.cancel([CLAIM])
        return [before, tools.cancelled()]

    at = attempts(work)
    assert at.run(CLAIM) == Done({"answer": [False, True]})
    at.cancel([CLAIM])


def test_two_attempts_of_one_job_are_two() -> None:
    again = replace(CLAIM, token=uuid4())
    heard: dict[UUID, list[bool]] = {CLAIM.token: [], again.token: []}

    def process(claim: Claim, tools: Tools) -> Result:
        if claim is CLAIM:
            at.run(again)
        at.cancel([CLAIM])
        heard[claim.token].append(tools.cancelled())
        return {}

    at = Attempts(
        {"T": JobType("T", process, 1.0)}, Tools(FakeObjects(), FakeMailer()), RecordingLog()
    )
    at.run(CLAIM)
    assert heard == {CLAIM.token: [True], again.token: [False]}


def test_progress_that_is_no_number_fails_the_attempt() -> None:
    outcome = attempts(lambda tools: tools.progress("much")).run(CLAIM)
    assert isinstance(outcome, TryAgain)


def test_tools_without_a_drain_take_progress_and_are_never_cancelled() -> None:
    tools = Tools(FakeObjects(), FakeMailer())
    tools.progress(50, "half")
    assert not tools.cancelled()
