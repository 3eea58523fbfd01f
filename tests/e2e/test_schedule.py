"""The schedule on its own is enough for a job to get done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.local_stack import UNANNOUNCED

if TYPE_CHECKING:
    from support.local_stack import LocalStack

TICK = 60


def test_a_row_that_nobody_announced_is_done_by_the_next_tick(full_stack: LocalStack) -> None:
    """The fixture inserted the row. No test of this stack invokes the poller like the schedule."""
    job = full_stack.api.finished(UNANNOUNCED, seconds=2 * TICK)
    assert (job["status"], job["attempts"]) == ("completed", 1)
