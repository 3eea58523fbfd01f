"""The schedule on its own is enough for a job to get done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from support.local_stack import LocalStack

TICK = 60


def test_a_row_that_nobody_announced_is_done_by_the_next_tick(stack: LocalStack) -> None:
    job_id = str(uuid4())
    stack.rows(
        "INSERT INTO jobs (id, type, priority, payload) VALUES (%s, %s, %s, %s)",
        *(job_id, "CSV_EXPORT", "default", '{"data": [{"id": 1}]}'),
    )
    assert stack.api.finished(job_id, seconds=2 * TICK)["status"] == "completed"
