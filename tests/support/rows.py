"""A job store under test, and what tests do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jobs.core.claim import Candidate, Claim, ClaimResult
from jobs.core.job import Job, NewJob, Priority
from jobs.core.retry import Outcome, WorkerLost, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.ports.store import JobStore

LEASE = 30.0
"""Seconds; far more than a test takes, so that nothing but `advance` ends a lease."""


@dataclass(frozen=True)
class Rows:
    """A store, and the way to let seconds go by for it."""

    store: JobStore
    advance: Callable[[float], None]

    def insert(self, priority: Priority = Priority.DEFAULT, **more: Any) -> Job:
        return self.store.insert(NewJob(uuid4(), "NOOP", {"n": 1}, priority=priority, **more))

    def get(self, job_id: UUID) -> Job:
        job = self.store.get(job_id)
        assert job
        return job

    def ask(self, *jobs: Job, token: UUID | None = None, alone: bool = False) -> ClaimResult:
        """Try to claim `jobs`."""
        return self.store.claim(
            [hint(job) for job in jobs],
            token or uuid4(),
            lease=LEASE,
            request_id="request",
            alone=alone,
        )

    def claim(self, job: Job, *, alone: bool = False) -> Claim:
        """Claim `job`, which must be possible."""
        [claim] = self.ask(job, alone=alone).claims
        return claim

    def settle(self, claim: Claim, outcome: Outcome) -> bool:
        """End `claim`; say whether it was still its to end."""
        return self.store.settle([decide(claim, outcome)]).ids == frozenset({claim.id})

    def lose(self, claim: Claim) -> None:
        """Let the lease of `claim` end unused, somebody note it, and the job be due again."""
        self.advance(LEASE)
        [lost] = self.ask(self.get(claim.id)).lost
        assert self.settle(lost, WorkerLost())
        self.advance(3600)


def hint(job: Job, priority: Priority | None = None) -> Candidate:
    return Candidate(job.id, priority or job.priority, 0.0)
