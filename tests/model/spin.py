"""Searches every state that the model of the protocol can come to."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).parent / "protocol.pml"

HOW_TO_GET_IT = "apt-get install spin gcc (Debian, Ubuntu), brew install spin (macOS)"

DEPTH = 200_000
PROCESSES = 6
"""Words of processes that weak fairness is kept for: at least a half of their number."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found: names of properties that do not hold, and how many states there are."""

    broken: frozenset[str]
    states: int


def safety(folder: Path, *macros: str, first: bool = False) -> Search:
    """Look for assertions that fail: for all of them, or until the `first` one."""
    options = [] if first else ["-c0"]
    return _search(folder, macros, ["-DSAFETY", "-DNOCLAIM"], ["-E", *options])


def liveness(folder: Path, *macros: str) -> Search:
    """Look for a way to go on for ever, fair to everyone, in which L1 does not come true."""
    return _search(folder, macros, [f"-DNFAIR={PROCESSES}"], ["-a", "-f"])


def _search(folder: Path, macros: tuple[str, ...], how: list[str], options: list[str]) -> Search:
    if missing := [name for name in ("spin", "gcc") if shutil.which(name) is None]:
        raise FileNotFoundError(f"{' and '.join(missing)} not found: {HOW_TO_GET_IT}")
    _run(folder, "spin", "-a", *(f"-D{macro}" for macro in macros), str(MODEL))
    _run(folder, "gcc", "-O1", "-w", "-DCOLLAPSE", "-DMEMLIM=2000", *how, "-o", "pan", "pan.c")
    report = _run(folder, "./pan", f"-m{DEPTH}", *options)
    broken = set(re.findall(r"assertion violated \(*([A-Z]\d)\|\|", report))
    if "acceptance cycle (" in report:
        broken.add("L1")
    stored = re.search(r"([\d.e+]+) states, stored", report)
    cut_short = "max search depth" in report or "Search not completed" in report
    if stored is None or (cut_short and not broken) or bool(broken) == ("errors: 0" in report):
        raise AssertionError(f"the search did not come to an end that can be read:\n{report}")
    return Search(frozenset(broken), round(float(stored[1])))


def _run(folder: Path, *command: str) -> str:
    ran = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    if ran.returncode:
        raise AssertionError(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout
