"""An execution environment runs calls: a process with AWS's client, and the Runtime API."""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calls import ARN, ECHO, call
from lambda_process.environment import Environment
from waiting import gone, until, written

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Make


def test_answer_is_what_the_function_returns(environment: Make) -> None:
    called = call(environment(ECHO), {"text": "ünï", "number": 1})
    assert called.answer["event"] == {"text": "ünï", "number": 1}
    assert called.error_type is None


def test_process_is_used_again(environment: Make) -> None:
    echo = environment(ECHO)
    assert call(echo).answer["pid"] == call(echo).answer["pid"]


def test_only_a_cold_start_is_reported_as_one(environment: Make) -> None:
    echo = environment(ECHO)
    assert "Init Duration" in call(echo).log
    assert "Init Duration" not in call(echo).log


def test_context_is_the_one_of_the_call(environment: Make) -> None:
    context = environment(
        """
        def handler(event, context):
            return {
                "id": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "left": context.get_remaining_time_in_millis(),
                "name": context.function_name,
            }
    """,
        AWS_LAMBDA_FUNCTION_NAME="mine",
    )
    for seconds in (2, 30):
        called = call(context, seconds=seconds)
        assert called.answer["id"] == called.request_id
        assert called.answer["arn"] == ARN
        assert called.answer["name"] == "mine"
        assert seconds * 1000 - 1500 < called.answer["left"] <= seconds * 1000


def test_log_has_the_lines_of_the_call_and_of_no_other(environment: Make) -> None:
    loud = environment("""
        import logging, sys

        def handler(event, context):
            print("to stdout", event)
            print("to stderr", event, file=sys.stderr)
            logging.getLogger().warning("logged %s", event)
            for number in range(2000):
                print("line", number, event)
    """)
    for event in ("first", "second"):
        called = call(loud, event)
        lines = called.log.splitlines()
        assert lines[0] == f"START RequestId: {called.request_id} Version: $LATEST"
        assert lines[-2] == f"END RequestId: {called.request_id}"
        assert re.match(
            rf"REPORT RequestId: {called.request_id}\tDuration: [\d.]+ ms\t"
            r"Billed Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\t",
            lines[-1],
        )
        own = lines[1:-2]
        assert own[:2] == [f"to stdout {event}", f"to stderr {event}"]
        assert re.search(f"WARNING.*logged {event}", own[2])
        assert own[3:] == [f"line {number} {event}" for number in range(2000)]


def test_what_the_function_raises_is_the_error(environment: Make) -> None:
    failing = environment("""
        def handler(event, context):
            raise LookupError("no such thing")
    """)
    called = call(failing)
    assert called.error_type == "Unhandled"
    assert called.answer["errorType"] == "LookupError"
    assert called.answer["errorMessage"] == "no such thing"
    assert "LookupError: no such thing" in called.log or "[ERROR] LookupError" in called.log


def test_process_outlives_what_the_function_raises(environment: Make) -> None:
    failing = environment("""
        import os

        def handler(event, context):
            raise LookupError(os.getpid())
    """)
    assert call(failing).answer["errorMessage"] == call(failing).answer["errorMessage"]


def test_function_that_cannot_be_loaded_says_why_each_time(environment: Make) -> None:
    broken = environment("""
        import no_such_module
    """)
    for _ in range(2):
        called = call(broken)
        assert called.error_type == "Runtime.ImportModuleError"
        assert "no_such_module" in called.answer["errorMessage"]
        assert "no_such_module" in called.log


def test_function_that_ends_while_it_is_loaded(environment: Make) -> None:
    called = call(environment("raise SystemExit(3)"))
    assert called.error_type == "Runtime.ExitError"
    assert called.answer["errorMessage"].endswith("exited with error: exit status 3")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os._exit(7)", "exited with error: exit status 7"),
        ("os._exit(0)", "exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "exited with error: signal: killed"),
        ("ctypes.string_at(0)", "exited with error: signal: segmentation fault"),
    ],
)
def test_process_that_ends_in_a_call(environment: Make, how: str, said: str) -> None:
    ending = environment(f"""
        import ctypes, os

        def handler(event, context):
            if event == "end":
                print("about to")
                {how}
            return os.getpid()
    """)
    before = call(ending).answer
    called = call(ending, "end")
    assert called.error_type == "Runtime.ExitError"
    assert called.answer == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {called.request_id} Error: Runtime {said}",
    }
    assert "about to" in called.log
    assert "Error Type: Runtime.ExitError" in called.log
    after = call(ending)
    assert after.error_type is None
    assert after.answer != before


def test_process_that_ends_between_two_calls_fails_neither(environment: Make) -> None:
    echo = environment(ECHO)
    pid = call(echo).answer["pid"]
    runtime = echo._runtime
    assert runtime
    os.kill(pid, signal.SIGKILL)
    until(lambda: not runtime.alive)
    again = call(echo)
    assert again.error_type is None
    assert again.answer["pid"] != pid


def test_time_limit_ends_the_process_and_what_it_started(environment: Make, tmp_path: Path) -> None:
    slow = environment("""
        import pathlib, subprocess, time

        def handler(event, context):
            if event is None:
                return "done"
            child = subprocess.Popen(["sleep", "600"])
            pathlib.Path(event).write_text(str(child.pid))
            print("sleeping")
            time.sleep(600)
    """)
    path = tmp_path / "child"
    called = call(slow, str(path), seconds=1)
    assert called.error_type == "Sandbox.Timedout"
    assert called.answer["errorMessage"] == (
        f"RequestId: {called.request_id} Error: Task timed out after 1.00 seconds"
    )
    assert "sleeping\n" in called.log
    assert "Status: timeout" in called.log
    assert gone(written(path))
    assert call(slow).answer == "done"


@pytest.mark.parametrize("how", ["os._exit(1)", "return 'done'"])
def test_what_a_function_started_ends_with_its_process(
    environment: Make, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "child"
    parent = environment(f"""
        import os, pathlib, subprocess

        def handler(event, context):
            child = subprocess.Popen(["sleep", "600"])
            pathlib.Path({str(path)!r}).write_text(str(child.pid))
            {how}
    """)
    call(parent)
    child = written(path)
    if "return" in how:
        assert not gone(child), "it may outlive its call"
        parent.stop(grace=1)
    assert gone(child)


def test_calls_after_one_another_get_the_answers_to_their_own_questions(
    environment: Make,
) -> None:
    echo = environment(ECHO)
    assert [call(echo, n).answer["event"] for n in range(50)] == list(range(50))


def test_loading_counts_neither_as_the_call_nor_against_its_limit(environment: Make) -> None:
    slow = environment("""
        import time

        time.sleep(2)

        def handler(event, context):
            return context.get_remaining_time_in_millis()
    """)
    called = call(slow, seconds=1)
    assert called.error_type is None
    assert called.answer > 500
    assert float(re.findall(r"Init Duration: ([\d.]+) ms", called.log)[0]) > 2000
    assert float(re.findall(r"\tDuration: ([\d.]+) ms", called.log)[0]) < 1000


def test_loading_without_an_end_is_ended(
    environment: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_process.environment.MAX_INIT_SECONDS", 0.5)
    stuck = environment("import time\ntime.sleep(600)")
    pid = stuck.pid
    assert pid
    assert call(stuck, seconds=0.5).error_type == "Sandbox.Timedout"
    assert gone(pid)


def test_program_that_cannot_be_started_leaves_nothing_open(
    environment: Make, tmp_path: Path
) -> None:
    echo = environment(ECHO)
    call(echo)
    launch = replace(echo._launch, python=str(tmp_path / "no-python"))
    count = threading.active_count()
    broken = Environment(launch, 128)
    with pytest.raises(FileNotFoundError):
        broken.start()
    until(lambda: threading.active_count() <= count)
    broken.stop(grace=0)


def test_time_limit_holds_for_a_function_that_ignores_signals(environment: Make) -> None:
    stubborn = environment("""
        import signal, time

        signal.signal(signal.SIGTERM, signal.SIG_IGN)

        def handler(event, context):
            while True:
                pass
    """)
    assert call(stubborn, seconds=0.5).error_type == "Sandbox.Timedout"


def test_answer_that_is_too_large_is_an_error(environment: Make) -> None:
    large = environment("""
        def handler(event, context):
            return "x" * event
    """)
    assert call(large, 6 * 1024 * 1024).error_type is None
    called = call(large, 7 * 1024 * 1024)
    assert called.error_type == "Function.ResponseSizeTooLarge"
    assert call(large, 1).answer == "x"


def test_function_sees_no_more_than_it_is_given(
    environment: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    seen = call(
        environment(
            """
        import os

        def handler(event, context):
            return dict(os.environ)
    """,
            MINE="given",
        )
    ).answer
    assert "SECRET_OF_THE_SHELL" not in seen
    assert seen["MINE"] == "given"
    assert seen["LAMBDA_TASK_ROOT"].endswith("code0")


def test_boto3_can_be_imported(environment: Make) -> None:
    version = call(
        environment("""
        import boto3

        def handler(event, context):
            return boto3.__version__
    """)
    ).answer
    assert re.match(r"\d+\.\d+", version)
