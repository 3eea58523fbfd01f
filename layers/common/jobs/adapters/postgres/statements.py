"""The statements of this adapter, each in a file; what several of them say is in another."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jobs.adapters.postgres.rows import fragments

STATEMENTS = Path(__file__).parent / "queries"

_OF_OWNER = "jobs.owner = %(owner)s"

_TAGGED = """(
    SELECT job_id AS id, owner, type, status, priority, created_at
    FROM job_tags
    WHERE tag = %(tag)s
)"""


@cache
def statement(name: str, *, events: bool = False, owned: bool = False, tagged: bool = False) -> str:
    """The text of the statement `name`, with these placeholders filled:

    - `{outbox}`: makes the notification jobs: callbacks, and events if `events`,
    - `{listed}`: the jobs, or those with the tag if `tagged`,
    - `{of_owner}`: the job is the owner's; true of every job, unless `owned`,
    - and those of `rows.fragments`.
    """
    text = (
        _text(name)
        .replace("{outbox}", _text("partials/outbox").strip())
        .replace("{outbox_events}", _text("partials/outbox_events").strip() if events else "")
        .replace("{listed}", _TAGGED if tagged else "jobs")
        .replace("{of_owner}", _OF_OWNER if owned else "true")
    )
    for placeholder, fragment in fragments().items():
        text = text.replace(placeholder, fragment)
    return text


def _text(name: str) -> str:
    return (STATEMENTS / f"{name}.sql").read_text("utf-8")
