"""EVENT: tell the end of a job on the bus, so that other functions can react to it.

Made by the database in the transaction that ends the job, never by a client, and only where there
is a bus. Payload: `{"job"}`, the job as it ended, without its payload and its result. The event is
`JobCompleted`, `JobFailed` or `JobCancelled`; its detail is the job, with an `eventId`, the id of
this job, which is the same each time the event comes: it comes once at least. Result: `{"id"}`,
which the bus gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed
from jobs.core.job import Status
from jobs.core.job_type import JobType

if TYPE_CHECKING:
    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext

MAX_SECONDS = 20.0
"""Seconds; more than the call may take."""

KINDS = {
    Status.COMPLETED: "JobCompleted",
    Status.FAILED: "JobFailed",
    Status.CANCELLED: "JobCancelled",
}


def process(claim: Claim, context: JobContext) -> Result:
    """Tell it. Raises `AttemptFailed`."""
    if context.bus is None:
        raise AttemptFailed("events are not configured: EVENT_BUS is not set")
    job = claim.payload["job"]
    detail = {"eventId": str(claim.id), **job}
    return {"id": context.bus.put(KINDS[Status(job["status"])], detail)}


JOB_TYPE = JobType("EVENT", process, MAX_SECONDS)
