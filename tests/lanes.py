"""Runs parts of the test suite beside each other: `python tests/lanes.py SUITE`.

Each lane is a pytest of its own, with servers and stacks of its own. It says which file it is at,
and which test failed; what pytest reports of it is printed in one piece when it ends.
"""

from __future__ import annotations

import argparse
import compileall
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parents[1]
AT_ONCE = 4
"""Lanes beside each other, on two cores: most of what they do is wait."""
Lanes = Mapping[str, Sequence[str]]
"""The paths of each lane, without those of the other lanes inside them; the longest come first."""

E2E: Lanes = {
    "e2e": ["tests/e2e"],
    "recovery": [
        "tests/e2e/test_broken_code.py",
        "tests/e2e/test_targets.py",
        "tests/e2e/test_recovery.py",
        "tests/e2e/test_redeploy.py",
    ],
    "options": [
        "tests/e2e/test_callbacks.py",
        "tests/e2e/test_events.py",
        "tests/e2e/test_keys.py",
        "tests/e2e/test_schedule.py",
    ],
}
SUITES: Mapping[str, tuple[str, Lanes]] = {
    "all": (
        "not faults",
        {
            **E2E,
            "integration": ["tests/integration"],
            "faults": ["tests/faults"],
            "rest": ["tests"],
        },
    ),
    "e2e": ("not faults", E2E),
    "faults": (
        "faults",
        {
            "model": ["tests/model"],
            "crashes": [
                "tests/faults/test_crash_matrix.py",
                "tests/faults/test_poison.py",
                "tests/faults/test_recovery.py",
            ],
            "mutations": ["tests/mutations"],
            "rest": ["tests"],
        },
    ),
}
"""For each suite: the mark of its tests, and its lanes."""
DEPLOYED = ("layers/common/jobs", "functions")
INTERRUPTED = 130


def arguments(suite: str) -> Lanes:
    """The arguments of pytest for each lane of `suite`."""
    mark, lanes = SUITES[suite]
    return {lane: ["-m", mark, *paths, *_ignored(paths, lanes)] for lane, paths in lanes.items()}


def _ignored(paths: Sequence[str], lanes: Lanes) -> list[str]:
    others = [each for other in lanes.values() for each in other if each not in paths]
    return [
        f"--ignore={each}" for each in others if any(each.startswith(f"{path}/") for path in paths)
    ]


def tell(to: int, text: str) -> None:
    """Write a line, in one piece, to the file descriptor `to`, whose reader may have left."""
    with suppress(OSError), open(to, "w", closefd=False) as out:
        out.write(f"{text}\n")


@dataclass(eq=False)  # pytest wants to hash it
class Progress:
    """A plugin of pytest: tells what `lane` is at, instead of dots in the report."""

    lane: str
    to: int
    done: int = 0
    total: int = 0
    path: str = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.total = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        path = nodeid.partition("::")[0]
        if path != self.path:
            self.path = path
            tell(self.to, f"{self.lane:<11} {100 * self.done // self.total:3} %  {path}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            tell(self.to, f"{self.lane:<11} FAILED {report.nodeid} ({report.when})")

    def pytest_runtest_logfinish(self) -> None:
        self.done += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, tuple[str, str, Any]]:
        category, _, word = yield
        return category, "", word


@dataclass(frozen=True)
class Outcome:
    """Of one lane; `report` is what pytest printed."""

    lane: str
    passed: bool
    seconds: float
    report: str

    def __str__(self) -> str:
        said = "passed" if self.passed else "FAILED"
        return f"{self.lane:<11} {said} after {self.seconds:.0f} s"

    @property
    def failures(self) -> list[str]:
        """A line for each, from the report's summary."""
        return re.findall(r"^(?:FAILED|ERROR) .*", self.report, re.MULTILINE)


@dataclass
class Suite:
    """Runs lanes, each in a process of its own, and tells of them on `terminal`."""

    terminal: int = field(default_factory=lambda: os.dup(1))
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, lanes: Lanes) -> list[Outcome]:
        """Run lanes, given as the arguments of their pytest; return when the last has ended."""
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            return [*pool.map(self.outcome, lanes, lanes.values())]
        finally:
            # Those that were interrupted have servers to stop.
            pool.shutdown(cancel_futures=True)

    def outcome(self, lane: str, given: Sequence[str]) -> Outcome:
        """Run one and print its report."""
        began = time.monotonic()
        tell(self.terminal, f"{lane:<11} begins")
        with tempfile.TemporaryFile("w+") as report:
            process = subprocess.Popen(
                [sys.executable, __file__, f"--lane={lane}", f"--to={self.terminal}", "--", *given],
                cwd=ROOT,
                stdout=report,
                stderr=subprocess.STDOUT,
                pass_fds=[self.terminal],
            )
            self.processes.append(process)
            passed = process.wait() == 0
            report.seek(0)
            outcome = Outcome(lane, passed, time.monotonic() - began, report.read().strip())
        tell(self.terminal, f"{outcome}: {outcome.report}")
        return outcome

    def interrupt(self, *_: object) -> NoReturn:
        """End as after a Ctrl-C, of which the lanes would hear by themselves."""
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        raise KeyboardInterrupt


def run(lanes: Lanes) -> int:
    """Run lanes, given as the arguments of their pytest, and sum up; returns the exit status."""
    suite = Suite()
    signal.signal(signal.SIGTERM, suite.interrupt)
    try:
        outcomes = suite.run(lanes)
    except KeyboardInterrupt:
        return INTERRUPTED
    failures = [line for each in outcomes for line in each.failures]
    tell(suite.terminal, "\n".join(["", *map(str, outcomes), *failures]))
    return 0 if all(each.passed for each in outcomes) else 1


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"one of {', '.join(SUITES)}")
    parser.add_argument("--lane", help="be this one; instead of a suite, what pytest is given")
    parser.add_argument("--to", type=int, help="file descriptor to tell on")
    options = parser.parse_args()
    if options.lane:
        quietly = ["-q", "--override-ini=console_output_style=classic"]
        return pytest.main([*quietly, *options.suite], [Progress(options.lane, options.to)])
    for folder in DEPLOYED:
        # No lane writes bytecode there while another copies the folder for a deployment.
        compileall.compile_dir(ROOT / folder, quiet=1)
    return run(arguments(options.suite[0]))


if __name__ == "__main__":
    sys.exit(main())
