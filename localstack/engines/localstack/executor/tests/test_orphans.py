"""The functions that LocalStack leaves when it is killed are killed, too."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lambda_process.orphans import Orphans
from waiting import gone, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def group() -> Iterator[subprocess.Popen[bytes]]:
    """A running process group."""
    with ExitStack() as at_the_end:
        sleeping = at_the_end.enter_context(
            subprocess.Popen(["sleep", "600"], start_new_session=True)
        )
        at_the_end.callback(sleeping.kill)
        yield sleeping


def end_of(orphans: Orphans) -> None:
    """Close the reaper's input, as the end of LocalStack does, and wait for the reaper."""
    reaper = orphans._reaper
    assert reaper
    assert reaper.stdin
    reaper.stdin.close()
    assert reaper.wait(20) == 0


def test_group_that_has_not_ended_is_killed(group: subprocess.Popen[bytes]) -> None:
    orphans = Orphans()
    orphans.began(group.pid)
    assert not gone(group.pid)
    end_of(orphans)
    assert until(lambda: gone(group.pid))


def test_number_of_a_group_that_has_ended_is_left_alone(group: subprocess.Popen[bytes]) -> None:
    orphans = Orphans()
    orphans.began(group.pid)
    orphans.ended(group.pid)
    end_of(orphans)
    assert not gone(group.pid)


def test_list_outlives_whoever_keeps_it(group: subprocess.Popen[bytes]) -> None:
    orphans = Orphans()
    orphans.began(group.pid)
    reaper = orphans._reaper
    assert reaper
    reaper.kill()
    reaper.wait()
    orphans.ended(1)
    end_of(orphans)
    assert until(lambda: gone(group.pid))
