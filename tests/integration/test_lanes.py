"""The test suite runs in lanes: all of it, once, and whatever fails is said and counts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lanes
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILES = [str(path.relative_to(lanes.ROOT)) for path in lanes.ROOT.glob("tests/**/test_*.py")]
GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): assert False, 'as it should'\n"
LONG = """
import pathlib, pytest, time
@pytest.fixture
def server():
    running = pathlib.Path(__file__).with_name("running")
    yield running
    running.unlink()
def test_long(server):
    server.touch()
    time.sleep(100)
"""


def lanes_of(path: str, suite: str) -> list[str]:
    """The lanes of `suite` that run the file at `path`."""

    def runs(given: Sequence[str]) -> bool:
        ignored = [each.removeprefix("--ignore=") for each in given if each.startswith("--ignore=")]
        return is_in(given) and not is_in(ignored)

    def is_in(folders: Sequence[str]) -> bool:
        return any(Path(path).is_relative_to(folder) for folder in folders)

    return [lane for lane, given in lanes.arguments(suite).items() if runs(given)]


@pytest.mark.parametrize("path", FILES)
def test_each_file_is_in_one_lane_of_its_suites(path: str) -> None:
    in_e2e = path.startswith("tests/e2e/")
    assert [len(lanes_of(path, suite)) for suite in ("all", "faults", "e2e")] == [1, 1, in_e2e]


@pytest.mark.parametrize("suite", lanes.SUITES)
def test_each_path_of_a_lane_is_there(suite: str) -> None:
    _, found = lanes.SUITES[suite]
    assert [
        path for paths in found.values() for path in paths if not (lanes.ROOT / path).exists()
    ] == []


def started(folder: Path, files: Mapping[str, str]) -> subprocess.Popen[str]:
    """A run of lanes of one file each."""
    given = {}
    for name, text in files.items():
        path = folder / name / f"test_{name}.py"
        path.parent.mkdir()
        path.write_text(text)
        given[name] = [str(path)]
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys, lanes; sys.exit(lanes.run({given!r}))"],
        env={"PYTHONPATH": str(lanes.ROOT / "tests"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_one_that_fails_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    with started(tmp_path, {"bad": BAD, "good": GOOD}) as run:
        said, _ = run.communicate()
    assert run.returncode == 1
    assert "good          0 %" in said
    assert "bad         FAILED" in said
    *_, bad, good, failure = said.splitlines()
    assert bad.startswith("bad         FAILED after")
    assert good.startswith("good        passed after")
    assert failure.startswith("FAILED")
    assert "::test_bad" in failure


def test_all_that_pass_are_a_success(tmp_path: Path) -> None:
    with started(tmp_path, {"good": GOOD, "better": GOOD}) as run:
        run.communicate()
    assert run.returncode == 0


def test_a_lane_without_tests_is_none_that_passed(tmp_path: Path) -> None:
    with started(tmp_path, {"empty": ""}) as run:
        run.communicate()
    assert run.returncode == 1


def test_who_is_told_to_end_stops_what_was_started(tmp_path: Path) -> None:
    with started(tmp_path, {"long": LONG}) as run:
        running = tmp_path / "long" / "running"
        wait_until(running.exists, "the test", seconds=60)
        run.send_signal(signal.SIGTERM)
        run.communicate()
    assert run.returncode == lanes.INTERRUPTED
    assert not running.exists()
