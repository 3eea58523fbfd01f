"""Claims for tests that run a processor."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from jobs.core.claim import Claim
from jobs.core.job import Priority

JOB_ID = UUID("123e4567-e89b-12d3-a456-426614174000")


def a_claim(job_type: str, payload: dict[str, Any], job_id: UUID = JOB_ID) -> Claim:
    """The first of three attempts of a job."""
    return Claim(
        id=job_id,
        type=job_type,
        priority=Priority.DEFAULT,
        payload=payload,
        attempt=1,
        max_attempts=3,
        token=uuid4(),
    )
