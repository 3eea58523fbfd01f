"""One attempt: whatever a processor does is an outcome; progress and cancellation pass by."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core import errors, failpoints, retry
from jobs.core.errors import AttemptFailed, PermanentFailure
from jobs.core.job import Progress
from jobs.core.job_type import JobContext, JobType
from jobs.core.retry import Failed, Outcome, Retry, Succeeded
from jobs.core.worker.executor import (
    MAX_ERROR_CHARACTERS,
    MAX_MESSAGE_CHARACTERS,
    MAX_RESULT_BYTES,
    MAX_RESULT_DEPTH,
    Executor,
    execute,
)
from support.claims import a_claim
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from jobs.core.claim import Claim
    from jobs.core.job import Result


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


def run(
    process: Callable[[Claim, JobContext], Any], log: RecordingLog | None = None, name: str = "IT"
) -> Outcome:
    context = JobContext(FakeObjects(), FakeMailer())
    types = {"IT": JobType("IT", process, 1.0)}
    return execute(a_claim(name, {}), types, context, log or RecordingLog())


def raising(error: BaseException) -> Callable[[Claim, JobContext], Any]:
    def process(claim: Claim, context: JobContext) -> Any:
        raise error

    return process


def giving(result: object) -> Callable[[Claim, JobContext], Any]:
    return lambda claim, context: result


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AttemptFailed("busy"), Retry("busy")),
        (PermanentFailure("no such field"), Failed("no such field")),
        (errors.OutcomeUnknown("cut after the dot"), retry.OutcomeUnknown("cut after the dot")),
        (KeyError("data"), Retry("KeyError: 'data'")),
        (ValueError(), Retry("ValueError")),
        (SystemExit(3), Retry("SystemExit: 3")),
        (KeyboardInterrupt(), Retry("KeyboardInterrupt")),
        (MemoryError(), Retry("MemoryError")),
        (GeneratorExit(), Retry("GeneratorExit")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_an_outcome(error: BaseException, outcome: Outcome) -> None:
    assert run(raising(error)) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AttemptFailed("no", partial={"done": [1]}), Retry("no", {"done": [1]})),
        (PermanentFailure("no", partial={"done": [1]}), Failed("no", {"done": [1]})),
        (errors.OutcomeUnknown("?", partial={}), retry.OutcomeUnknown("?", {})),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_done_before_a_failure_is_part_of_the_outcome(
    error: AttemptFailed, outcome: Outcome
) -> None:
    assert run(raising(error)) == outcome


@pytest.mark.parametrize(
    "partial", [{"n": float("nan")}, {"s": "\0"}, {"s": "x" * MAX_RESULT_BYTES}]
)
def test_what_was_done_has_the_limits_of_a_result(partial: dict[str, Any]) -> None:
    outcome = run(raising(AttemptFailed("no", partial=partial)))

    assert isinstance(outcome, Failed)
    assert "the processor's result" in outcome.error
    assert outcome.partial is None


def test_a_failure_of_a_kind_of_its_own_is_an_outcome() -> None:
    class Own(AttemptFailed):
        def __init__(self) -> None:
            self.args = ("busy",)

    assert run(raising(Own())) == Retry("busy")


def test_an_error_of_the_core_without_a_message_says_what_it_means() -> None:
    assert run(raising(errors.OutcomeUnknown())) == retry.OutcomeUnknown(
        "The attempt ended without an answer: its effect may have happened."
    )


def test_a_bug_is_logged_with_its_exception_and_a_refusal_is_not() -> None:
    log = RecordingLog()
    bug = ZeroDivisionError("division by zero")
    run(raising(bug), log)
    run(raising(AttemptFailed("busy")), log)
    [entry] = log.of("attempt.error")
    assert entry["exception"] == "ZeroDivisionError"
    assert "test_executor.py" in str(entry["trace"])


def test_recursion_without_end_is_an_outcome() -> None:
    def process(claim: Claim, context: JobContext) -> Any:
        return process(claim, context)

    outcome = run(process)
    assert isinstance(outcome, Retry)
    assert outcome.error.startswith("RecursionError")


def test_an_exception_that_cannot_be_shown_is_an_outcome() -> None:
    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError("no words")

    class MuteFailure(AttemptFailed):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert run(raising(Mute())) == Retry("Mute")
    assert run(raising(MuteFailure())) == Retry("MuteFailure")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\udc80b", "a?b"),
        ("ü€😀", "ü€😀"),
        ("x" * (MAX_ERROR_CHARACTERS + 1), "x" * MAX_ERROR_CHARACTERS),
        ("", "The attempt failed; it is tried again while attempts are left."),
    ],
    ids=["NUL", "lone surrogate", "other letters", "too long", "nothing"],
)
def test_an_error_is_kept_as_the_row_can_hold_it(text: str, kept: str) -> None:
    assert run(raising(AttemptFailed(text))) == Retry(kept)


def test_an_unknown_type_fails_for_good_and_names_those_there_are() -> None:
    assert run(giving({}), name="OLD") == Failed("no processor for the type 'OLD'; there are: IT")


def nested(depth: int) -> dict[str, Any]:
    """An object in so many others, the innermost included."""
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"filePath": "output/1.csv", "rows": 3, "nested": {"list": [1, 2.5, None, True]}},
        {"text": "ü€😀"},
        {"text": "\\u0000 spelled out, and \\\\u0000, and \\ud800"},
        {"text": "é" * 10_000},
        {"text": "é" * ((MAX_RESULT_BYTES - 12) // 2)},
        {"in": nested(MAX_RESULT_DEPTH - 1)},
        {"side by side": [[]] * 1000, "in a string": "[{" * 1000},
    ],
    ids=[
        *("empty", "plain", "other letters", "a spelled-out escape", "long", "as large as can be"),
        *("as deep as can be", "wide"),
    ],
)
def test_a_result_that_is_json_is_kept(result: dict[str, Any]) -> None:
    assert run(giving(result)) == Succeeded(result)


@pytest.mark.parametrize(
    "result",
    [
        None,
        [1],
        "text",
        {"when": object()},
        {"n": float("nan")},
        {"n": float("inf")},
        {"text": "a\0b"},
        {"text": "\\\0"},
        {"text": "a\ud800b"},
        {("a", "tuple"): 1},
        {"bytes": b"bytes"},
        {"text": "é" * ((MAX_RESULT_BYTES - 12) // 2) + "e"},
        {"in": [nested(MAX_RESULT_DEPTH - 1)]},
        nested(sys.getrecursionlimit() * 2),
    ],
    ids=[
        "None",
        "list",
        "text",
        "an object of Python's",
        "NaN",
        "Infinity",
        "NUL",
        "NUL after a backslash",
        "lone surrogate",
        "tuple as key",
        "bytes",
        "too large",
        "too deep",
        "without end",
    ],
)
def test_a_result_that_the_row_cannot_hold_fails_for_good(result: object) -> None:
    outcome = run(giving(result))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("the processor")
    json.dumps(outcome.error)


def test_a_result_that_is_too_large_is_told_where_to_go() -> None:
    outcome = run(giving({"rows": [1] * MAX_RESULT_BYTES}))
    assert outcome == Failed(
        "the processor's result has 786,442 bytes of JSON, and 262,144 are the most: "
        "put it into the bucket, and return the bucket and the key"
    )


def test_the_points_around_the_attempt() -> None:
    ran = []

    def process(claim: Claim, context: JobContext) -> Any:
        ran.append(claim)
        return {}

    failpoints.arm("attempt.before:raise")
    assert run(process) == Retry("Interrupted")
    assert not ran
    failpoints.arm("attempt.after:raise")
    assert run(process) == Retry("Interrupted")
    assert len(ran) == 1


def test_a_payload_that_cannot_be_read_fails_for_good_and_is_not_run() -> None:
    context = JobContext(FakeObjects(), FakeMailer())
    types = {"IT": JobType("IT", raising(AssertionError()), 1.0)}
    claim = replace(a_claim("IT", {}), unreadable="too deep")
    outcome = execute(claim, types, context, RecordingLog())
    assert outcome == Failed("the payload cannot be read: too deep")


# What passes between an attempt and its drain


CLAIM = a_claim("T", {})


def executing(work: Callable[[JobContext], Any]) -> Executor:
    def process(claim: Claim, context: JobContext) -> Result:
        return {"answer": work(context)}

    types = {"T": JobType("T", process, 1.0)}
    return Executor(types, JobContext(FakeObjects(), FakeMailer()), RecordingLog())


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ((40,), Progress(40.0)),
        ((12.5, "half"), Progress(12.5, "half")),
        ((-1, ""), Progress(0.0, "")),
        ((1e9, "x" * 1000), Progress(100.0, "x" * MAX_MESSAGE_CHARACTERS)),
        ((1, "a\0\ud800"), Progress(1.0, "a\ufffd?")),
    ],
)
def test_what_was_told_last_is_kept_once(said: tuple[Any, ...], kept: Progress) -> None:
    told: list[list[tuple[Claim, Progress]]] = []

    def work(context: JobContext) -> None:
        context.progress(7, "not this")
        context.progress(*said)
        told.extend([executor.progress(), executor.progress()])

    executor = executing(work)
    assert executor.run(CLAIM) == Succeeded({"answer": None})
    assert told == [[(CLAIM, kept)], []]
    assert executor.progress() == [], "an attempt that has ended tells nothing"


def test_an_attempt_learns_that_it_was_cancelled() -> None:
    def work(context: JobContext) -> list[bool]:
        before = context.cancelled()
        executor.cancel([CLAIM])
        return [before, context.cancelled()]

    executor = executing(work)
    assert executor.run(CLAIM) == Succeeded({"answer": [False, True]})
    executor.cancel([CLAIM])


def test_two_attempts_of_one_job_are_two() -> None:
    again = replace(CLAIM, token=uuid4())
    heard: dict[UUID, list[bool]] = {CLAIM.token: [], again.token: []}

    def process(claim: Claim, context: JobContext) -> Result:
        if claim is CLAIM:
            executor.run(again)
        executor.cancel([CLAIM])
        heard[claim.token].append(context.cancelled())
        return {}

    executor = Executor(
        {"T": JobType("T", process, 1.0)}, JobContext(FakeObjects(), FakeMailer()), RecordingLog()
    )
    executor.run(CLAIM)
    assert heard == {CLAIM.token: [True], again.token: [False]}


def test_progress_that_is_no_number_fails_the_attempt() -> None:
    outcome = executing(lambda context: context.progress("much")).run(CLAIM)
    assert isinstance(outcome, Retry)


def test_tools_without_a_drain_take_progress_and_are_never_cancelled() -> None:
    context = JobContext(FakeObjects(), FakeMailer())
    context.progress(50, "half")
    assert not context.cancelled()
