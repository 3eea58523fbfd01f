"""Many jobs in one request: `{"jobs": [envelope, …]}`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from jobs.core.errors import InvalidJob
from jobs.core.model import Problem
from jobs.core.submission import MOST_PROBLEMS, problems, submission
from jobs.core.words import kind, one_of, pointer, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobs.core.submission import Submission

MOST_JOBS = 1_000
"""Jobs in one request."""

_MEMBERS = ("jobs",)


def submissions(batch: object, budgets: Mapping[str, float]) -> list[Submission]:
    """Read every envelope in `batch`, or none.

    Raises `InvalidJob` with the problems of all of them, up to `MOST_PROBLEMS`.
    """
    found = list(islice(_problems(batch, budgets), MOST_PROBLEMS))
    if found or not isinstance(batch, dict):
        raise InvalidJob(found)
    return [submission(envelope, budgets) for envelope in batch["jobs"]]


def _problems(batch: object, budgets: Mapping[str, float]) -> Iterator[Problem]:
    if not isinstance(batch, dict):
        yield Problem("", f"must be an object, not {kind(batch)}")
        return
    for name in batch:
        if name not in _MEMBERS:
            yield Problem(pointer("", name), f"is unknown: {one_of(_MEMBERS)}")
    jobs = batch.get("jobs")
    if "jobs" not in batch:
        yield Problem("/jobs", "is missing: a list of jobs")
    elif not isinstance(jobs, list):
        yield Problem("/jobs", f"must be a list of jobs, not {shown(jobs)}")
    elif not 1 <= len(jobs) <= MOST_JOBS:
        yield Problem("/jobs", f"must be a list of 1 to {MOST_JOBS:,} jobs, not of {len(jobs):,}")
    else:
        for index, envelope in enumerate(jobs):
            for each in problems(envelope, budgets):
                yield Problem(f"/jobs/{index}{each.pointer}", each.detail)
