"""The table of faults names tests that exist, and leaves no fault out."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS / "README.md").read_text("utf-8")
ROWS = {"A": 9, "B": 8, "C": 11, "D": 7, "E": 7, "F": 12, "G": 10, "H": 3}


def test_every_test_that_the_table_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", TABLE)
    missing = [
        f"{file}::{test}"
        for file, test in named
        if "/" in file and not _defines(TESTS / file, test)
    ]
    assert len(named) > 50
    assert missing == []


def _defines(file: Path, test: str) -> bool:
    return file.is_file() and (not test or f"def {test}(" in file.read_text("utf-8"))


def test_every_fault_is_in_the_table_with_a_test_or_a_reason() -> None:
    rows = dict(re.findall(r"^\| ([A-H]\d+) \|[^|]+\| (.+) \|$", TABLE, re.MULTILINE))
    assert [*rows] == [f"{group}{n}" for group, count in ROWS.items() for n in range(1, count + 1)]
    assert all("`" in found or "not " in found for found in rows.values())
