"""What Schemathesis changes in the requests that it makes up."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

SHORT, LONGEST = 1, 25
"""Seconds to wait for a change of a job: instead of more, and the most that is taken."""
ADDRESS = re.compile(r"https?://[\w.-]+")


@schemathesis.hook
def map_body(context: object, body: object) -> object:
    """Without addresses that would be called: nobody knows whose they are."""
    del context
    if not isinstance(body, dict):
        return body
    jobs = body.get("jobs")
    if isinstance(jobs, list):
        return {**body, "jobs": [_silent(job) for job in jobs]}
    return _silent(body)


@schemathesis.hook
def before_call(context: object, case: schemathesis.Case[Any], kwargs: object) -> None:
    """With short waits: most jobs that are made up are due much later, and nothing happens to them.

    A wait that would be refused is left as it is.
    """
    del context, kwargs
    if case.operation.path.endswith("/events"):
        query = case.query or {}
        wait = str(query.get("wait", LONGEST))
        if wait.isdecimal() and SHORT < int(wait) <= LONGEST:
            case.query = {**query, "wait": SHORT}


def _silent(job: Any) -> Any:
    if isinstance(job, dict) and ADDRESS.match(str(job.get("callbackUrl"))):
        return {name: value for name, value in job.items() if name != "callbackUrl"}
    return job
