"""A detached process is identified by its pid file, and no other process is taken for it."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from stack.process import Command, Process
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOREVER = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('ready', flush=True); time.sleep(600)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c',"
    " 'import time; time.sleep(600)']); print('ready', flush=True); time.sleep(600)",
]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "run" / "it.pid", tmp_path / "run" / "it.log")
    yield process
    process.kill()


def start(process: Process, argv: list[str]) -> psutil.Process:
    process.start(Command(argv))
    wait_until(lambda: "ready" in process.tail(), "the process", seconds=10)
    leader = process.find()
    assert leader is not None
    return leader


def test_it_is_started_once(process: Process) -> None:
    leader = start(process, FOREVER)
    process.start(Command(FOREVER))
    assert process.find() == leader


def test_its_log_is_for_its_owner_alone(process: Process) -> None:
    process.log_file.parent.mkdir()
    process.log_file.touch(0o666)
    start(process, FOREVER)
    assert process.log_file.stat().st_mode & 0o777 == 0o600
    process.kill()
    process.log_file.unlink()
    start(process, FOREVER)
    assert process.log_file.stat().st_mode & 0o777 == 0o600


def test_it_has_a_session_of_its_own(process: Process) -> None:
    leader = start(process, FOREVER)
    assert os.getsid(leader.pid) == leader.pid != os.getsid(0)


def test_it_is_asked_to_stop_and_then_forgotten(process: Process) -> None:
    start(process, FOREVER)
    assert process.stop()
    assert process.find() is None
    assert not process.pid_file.exists()
    assert not process.died()


def test_one_that_does_not_listen_is_killed(process: Process) -> None:
    start(process, DEAF)
    assert not process.stop(grace=0.2)
    assert process.find() is None


def test_its_children_end_with_it(process: Process) -> None:
    start(process, PARENT)
    [child] = process.members()
    process.kill()
    wait_until(lambda: not _lives(child), "the child", seconds=10)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_that_ended_by_itself_has_died(process: Process) -> None:
    leader = start(process, FOREVER)
    leader.send_signal(signal.SIGKILL)
    wait_until(process.died, "the death", seconds=10)
    assert process.stop()
    assert not process.died()


def test_a_pid_that_another_process_got_is_not_ours(process: Process) -> None:
    process.pid_file.parent.mkdir()
    process.pid_file.write_text(f"{os.getpid()} 1.0\n")
    assert process.find() is None
    process.kill()
    process.stop()


@pytest.mark.parametrize("content", ["", "x", "1", "1 2 3", "-1 0.0", "99999999999 0.0"])
def test_a_pid_file_that_is_no_such_thing_is_nobodys(process: Process, content: str) -> None:
    process.pid_file.parent.mkdir()
    process.pid_file.write_text(content)
    assert process.find() is None


def test_a_frozen_process_goes_on(process: Process) -> None:
    leader = start(process, FOREVER)
    process.pause()
    wait_until(lambda: leader.status() == psutil.STATUS_STOPPED, "the pause", seconds=10)
    process.resume()
    wait_until(lambda: leader.status() != psutil.STATUS_STOPPED, "the end of it", seconds=10)
