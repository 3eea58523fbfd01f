"""An execution environment stops: at once, after its running call, or by force."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from calls import ECHO, call
from lambda_process.environment import Environment, StoppedError
from waiting import gone, written

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Make

WRITES_ITS_PID = """
    import os, pathlib, signal, sys, time

    def handler(event, context):
        pathlib.Path(event).write_text(str(os.getpid()))
        time.sleep(60)
"""


def test_stop_tells_an_idle_process_first(environment: Make, tmp_path: Path) -> None:
    path = tmp_path / "told"
    polite = environment(f"""
        import pathlib, signal

        signal.signal(
            signal.SIGTERM, lambda *_: pathlib.Path({str(path)!r}).write_text("1") and None
        )

        def handler(event, context):
            return None
    """)
    call(polite)
    pid = polite.pid
    assert pid
    polite.stop(grace=20)
    assert written(path) == 1
    assert gone(pid)


def test_stop_lets_a_call_end_within_its_grace(environment: Make, tmp_path: Path) -> None:
    path = tmp_path / "started"
    polite = environment("""
        import pathlib, signal, threading

        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())

        def handler(event, context):
            pathlib.Path(event).write_text("1")
            stop.wait(60)
            return "in time"
    """)
    answers: list[object] = []
    caller = threading.Thread(target=lambda: answers.append(call(polite, str(path), seconds=60)))
    caller.start()
    written(path)
    polite.stop(grace=20)
    caller.join(20)
    [called] = answers
    assert getattr(called, "answer", None) == "in time"


def test_stop_ends_a_call_after_its_grace(environment: Make, tmp_path: Path) -> None:
    path = tmp_path / "started"
    slow = environment(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + WRITES_ITS_PID.replace("\n    ", "\n")
    )
    errors: list[BaseException] = []

    def caller() -> None:
        try:
            call(slow, str(path), seconds=60)
        except StoppedError as error:
            errors.append(error)

    thread = threading.Thread(target=caller)
    thread.start()
    pid = written(path)
    slow.stop(grace=0.2)
    thread.join(20)
    assert len(errors) == 1
    assert gone(pid)
    with pytest.raises(StoppedError):
        call(slow)


def test_retired_environment_ends_its_call_first(environment: Make, tmp_path: Path) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    waiting = environment(f"""
        import os, pathlib, time

        def handler(event, context):
            pathlib.Path({str(started)!r}).write_text(str(os.getpid()))
            while not os.path.exists({str(go)!r}):
                time.sleep(0.01)
            return "whole"
    """)
    answers: list[object] = []
    caller = threading.Thread(target=lambda: answers.append(call(waiting).answer))
    caller.start()
    pid = written(started)
    waiting.retire(grace=0)
    assert waiting.retired
    go.touch()
    caller.join(20)
    assert answers == ["whole"]
    assert gone(pid)


def test_retired_environment_without_a_call_ends_at_once(environment: Make) -> None:
    echo = environment(ECHO)
    pid = call(echo).answer["pid"]
    echo.retire(grace=5)
    assert gone(pid)


def test_end_is_told_once(environment: Make) -> None:
    told: list[int] = []
    launch = environment(ECHO)._launch
    short = Environment(launch, 128, lambda: told.append(1))
    short.start()
    call(short)
    short.stop(grace=1)
    short.stop(grace=1)
    assert told == [1]
