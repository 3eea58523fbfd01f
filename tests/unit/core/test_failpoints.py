"""Points at which the protocol can be interrupted: inert, unless armed for a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import jobs
from jobs.core.errors import ConfigurationError
from jobs.core.failpoints import ACTIONS, POINTS, Interrupted, arm, failpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def hit(name: str) -> bool:
    try:
        failpoint(name)
    except Interrupted:
        return True
    return False


def test_no_point_does_anything_unless_armed() -> None:
    assert not any(hit(name) for name in POINTS)


def test_only_what_is_armed_is_hit() -> None:
    arm("settle.before:raise,take.after:raise:1")
    assert {name for name in POINTS if hit(name)} == {"settle.before", "take.after"}


def test_arming_again_forgets_what_was_armed() -> None:
    arm("settle.before:raise")
    arm("take.after:raise")
    assert not hit("settle.before")
    arm("")
    assert not hit("take.after")


def test_a_probability_is_how_often_a_point_is_hit() -> None:
    arm("take.after:raise:0")
    assert not any(hit("take.after") for _ in range(100))
    arm("take.after:raise:0.5")
    assert 0 < sum(hit("take.after") for _ in range(1000)) < 1000


@pytest.mark.parametrize(
    "wish",
    [
        "nowhere:raise",
        "take.after",
        "take.after:explode",
        "take.after:raise:often",
        "take.after:raise:2",
        "take.after:raise:-1",
        "take.after:raise:nan",
        "take.after:raise:0.5:0.5",
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_and_named(wish: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(repr(wish))):
        arm(f"settle.before:raise,{wish}")
    assert not hit("settle.before"), "all or nothing"


def test_every_point_is_in_the_code_and_every_point_in_the_code_is_known() -> None:
    [package] = jobs.__path__
    found = [
        name
        for file in Path(package).rglob("*.py")
        for name in re.findall(r'\bfailpoint\("([^"]+)"\)', file.read_text("utf-8"))
    ]
    assert set(found) == POINTS


def test_the_actions_there_are() -> None:
    assert set(ACTIONS) == {"exit", "stop", "raise"}
