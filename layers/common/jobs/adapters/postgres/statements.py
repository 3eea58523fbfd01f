"""The statements of this adapter, each in a file; what several of them say is in another."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STATEMENTS = Path(__file__).parent / "queries"

_OF_OWNER = "jobs.owner = %(owner)s"

_TAGGED = """(
    SELECT job_id AS id, owner, type, status, priority, created_at
    FROM job_tags
    WHERE tag = %(tag)s
)"""


@cache
def statement(name: str, *, events: bool = False, owned: bool = False, tagged: bool = False) -> str:
    """The text of the statement `name`, in which stands:

    - for `{job}` the columns that `records.job` reads,
    - for `{anew}` what a failed job is set to that gets all its attempts anew,
    - for `{told}` what makes the jobs that tell of ends: callbacks, and events if `events`,
    - for `{listed}` the jobs, or those with the tag if `tagged`,
    - for `{of_owner}` that a job is the owner's: true of every job, unless `owned`.
    """
    return (
        _text(name)
        .replace("{job}", _text("job").strip())
        .replace("{anew}", _text("anew").strip())
        .replace("{told}", _text("told").strip())
        .replace("{event}", _text("event").strip() if events else "")
        .replace("{listed}", _TAGGED if tagged else "jobs")
        .replace("{of_owner}", _OF_OWNER if owned else "true")
    )


def _text(name: str) -> str:
    return (STATEMENTS / f"{name}.sql").read_text("utf-8")
