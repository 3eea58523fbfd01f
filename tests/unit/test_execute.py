"""What one attempt comes to: whatever a processor does, it is an outcome."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core import faults
from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.execute import LONGEST_ERROR, execute
from jobs.core.job_type import JobType, Tools
from jobs.core.outcome import Done, GiveUp, Outcome, TryAgain, Unknown
from jobs.core.storable import DEEPEST_RESULT, LARGEST_RESULT
from support.claims import a_claim
from support.recording import RecordingLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.model import Claim


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults.arm("")


def run(
    process: Callable[[Claim, Tools], Any], log: RecordingLog | None = None, name: str = "IT"
) -> Outcome:
    tools = Tools(FakeObjects(), FakeMailer())
    types = {"IT": JobType("IT", process, 1.0)}
    return execute(a_claim(name, {}), types, tools, log or RecordingLog())


def raising(error: BaseException) -> Callable[[Claim, Tools], Any]:
    def process(claim: Claim, tools: Tools) -> Any:
        raise error

    return process


def giving(result: object) -> Callable[[Claim, Tools], Any]:
    return lambda claim, tools: result


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AttemptFailed("busy"), TryAgain("busy")),
        (PermanentFailure("no such field"), GiveUp("no such field")),
        (OutcomeUnknown("cut after the dot"), Unknown("cut after the dot")),
        (KeyError("data"), TryAgain("KeyError: 'data'")),
        (ValueError(), TryAgain("ValueError")),
        (SystemExit(3), TryAgain("SystemExit: 3")),
        (KeyboardInterrupt(), TryAgain("KeyboardInterrupt")),
        (MemoryError(), TryAgain("MemoryError")),
        (GeneratorExit(), TryAgain("GeneratorExit")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_an_outcome(error: BaseException, outcome: Outcome) -> None:
    assert run(raising(error)) == outcome


def test_an_error_of_the_core_without_a_message_says_what_it_means() -> None:
    assert run(raising(OutcomeUnknown())) == Unknown(
        "The attempt ended without an answer: its effect may have happened."
    )


def test_a_bug_is_logged_with_its_exception_and_a_refusal_is_not() -> None:
    log = RecordingLog()
    bug = ZeroDivisionError("division by zero")
    run(raising(bug), log)
    run(raising(AttemptFailed("busy")), log)
    [entry] = log.of("attempt.error")
    assert entry["exception"] == "ZeroDivisionError"
    assert "test_execute.py" in str(entry["trace"])
    assert len(log.of("attempt.started")) == 2


def test_recursion_without_end_is_an_outcome() -> None:
    def process(claim: Claim, tools: Tools) -> Any:
        return process(claim, tools)

    outcome = run(process)
    assert isinstance(outcome, TryAgain)
    assert outcome.error.startswith("RecursionError")


def test_an_exception_that_cannot_be_shown_is_an_outcome() -> None:
    class Mute(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError("no words")

    class MuteFailure(AttemptFailed):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert run(raising(Mute())) == TryAgain("Mute")
    assert run(raising(MuteFailure())) == TryAgain("MuteFailure")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\udc80b", "a?b"),
        ("ü€😀", "ü€😀"),
        ("x" * (LONGEST_ERROR + 1), "x" * LONGEST_ERROR),
        ("", "The attempt failed; it is tried again while attempts are left."),
    ],
    ids=["NUL", "lone surrogate", "other letters", "too long", "nothing"],
)
def test_an_error_is_kept_as_the_row_can_hold_it(text: str, kept: str) -> None:
    assert run(raising(AttemptFailed(text))) == TryAgain(kept)


def test_an_unknown_type_fails_for_good_and_names_those_there_are() -> None:
    assert run(giving({}), name="OLD") == GiveUp("no processor for the type 'OLD'; there are: IT")


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
        {"text": "é" * ((LARGEST_RESULT - 12) // 2)},
        {"in": nested(DEEPEST_RESULT - 1)},
        {"side by side": [[]] * 1000, "in a string": "[{" * 1000},
    ],
    ids=[
        *("empty", "plain", "other letters", "a spelled-out escape", "long", "as large as can be"),
        *("as deep as can be", "wide"),
    ],
)
def test_a_result_that_is_json_is_kept(result: dict[str, Any]) -> None:
    assert run(giving(result)) == Done(result)


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
        {"text": "é" * ((LARGEST_RESULT - 12) // 2) + "e"},
        {"in": [nested(DEEPEST_RESULT - 1)]},
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
    assert isinstance(outcome, GiveUp)
    assert outcome.error.startswith("the processor")
    json.dumps(outcome.error)


def test_a_result_that_is_too_large_is_told_where_to_go() -> None:
    outcome = run(giving({"rows": [1] * LARGEST_RESULT}))
    assert outcome == GiveUp(
        "the processor's result has 786,442 bytes of JSON, and 262,144 are the most: "
        "put it into the bucket, and return the bucket and the key"
    )


def test_the_points_around_the_attempt() -> None:
    ran = []

    def process(claim: Claim, tools: Tools) -> Any:
        ran.append(claim)
        return {}

    faults.arm("attempt.before:raise")
    assert run(process) == TryAgain("Interrupted")
    assert not ran
    faults.arm("attempt.after:raise")
    assert run(process) == TryAgain("Interrupted")
    assert len(ran) == 1


def test_a_payload_that_cannot_be_read_fails_for_good_and_is_not_run() -> None:
    tools = Tools(FakeObjects(), FakeMailer())
    types = {"IT": JobType("IT", raising(AssertionError()), 1.0)}
    claim = replace(a_claim("IT", {}), unreadable="too deep")
    outcome = execute(claim, types, tools, RecordingLog())
    assert outcome == GiveUp("the payload cannot be read: too deep")
