"""What engines do otherwise is written down once."""

from __future__ import annotations

import pytest

from stack.engines import ENGINES
from stack.engines.differences import DIFFERENCES, on, table
from stack.paths import ENGINES as FOLDER


def test_page_shows_the_table() -> None:
    shown = (FOLDER / "README.md").read_text().partition("<!-- differences -->\n")[2]
    assert shown.strip() == table()


@pytest.mark.parametrize("what", DIFFERENCES)
def test_every_row_tells_of_every_engine(what: str) -> None:
    assert set(DIFFERENCES[what]) == set(ENGINES)


def test_what_is_in_no_row_cannot_be_claimed() -> None:
    with pytest.raises(KeyError):
        on("localstack", "the weather")
