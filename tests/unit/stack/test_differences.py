"""The differences of the engines are in one table, which the README shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stack.engines import ENGINES
from stack.engines.differences import DIFFERENCES, on, table
from stack.paths import ENGINES as FOLDER
from stack.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_page_shows_the_table() -> None:
    shown = (FOLDER / "README.md").read_text().partition("<!-- differences -->\n")[2]
    assert shown.strip() == table()


@pytest.mark.parametrize("what", DIFFERENCES)
def test_every_row_tells_of_every_engine(what: str) -> None:
    assert set(DIFFERENCES[what]) == set(ENGINES)


def test_what_is_in_no_row_cannot_be_claimed() -> None:
    with pytest.raises(KeyError):
        on("localstack", "the weather")


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "e2e").glob("test_*.py")))
def test_no_test_is_left_out_on_an_engine_in_silence(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"\bpytest\.(skip|xfail|mark\.(skip|skipif|xfail))\b", source)
    told = {what for _, what in re.findall(r"differs\.note\(([\w.]+), \"([^\"]+)\"", source)}
    assert told <= set(DIFFERENCES)
    asks = re.search(r"\b(MINISTACK|LOCALSTACK|keeps_state)\b", source)
    assert bool(asks) == bool(told)
