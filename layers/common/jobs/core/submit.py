"""Accept jobs: store them, publish them, wake a poller if one is needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.claim import Entry
from jobs.core.errors import InvalidJob, Problem
from jobs.core.failpoints import failpoint
from jobs.core.job import Idempotency, Status
from jobs.core.job_request import MAX_PROBLEMS, JobRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobs.core.best_effort import BestEffortQueue
    from jobs.core.job import Job, NewJob
    from jobs.core.job_type import JobType
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

DEFAULT_KEY_SECONDS = 24 * 3600.0
"""A request is known again by its idempotency key for so long."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Result of a submit. `new` is false if the job already existed.

    `replayed`: an earlier request with the same idempotency key made it.
    """

    job: Job
    new: bool
    replayed: bool


class Publisher:
    """Publishes stored jobs, and wakes a poller if one is needed. Never raises: the rows are
    stored, and a poller finds them without entries too."""

    def __init__(self, queue: BestEffortQueue, waker: Waker) -> None:
        self._queue = queue
        self._waker = waker

    def jobs(self, jobs: Sequence[Job]) -> None:
        """Publish those of `jobs` that are pending. Publishing one again changes nothing."""
        self.entries(
            [
                Entry(job.id, job.priority, job.due_in)
                for job in jobs
                if job.status is Status.PENDING
            ]
        )

    def entries(self, entries: Sequence[Entry]) -> None:
        """Publish these entries."""
        published = self._queue.publish(entries)
        failpoint("submit.after_publish")
        if published.wake:
            self._waker.wake()


class Submit:
    """Accepts jobs of `types`. `key_seconds`: how long an idempotency key is kept.

    `callbacks`: whether a job may name an address that is called when it ends.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        publisher: Publisher,
        types: Mapping[str, JobType],
        new_id: Callable[[], UUID] = uuid4,
        key_seconds: float = DEFAULT_KEY_SECONDS,
        callbacks: bool = False,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._requests = JobRequests(types, new_id)
        self._key_seconds = key_seconds
        self._callbacks = callbacks

    def __call__(self, body: object, key: str | None = None, owner: str | None = None) -> Accepted:
        """Store the job that the request body (a JSON value) asks for; once it returns, it is
        stored.

        Under the idempotency key `key` it is stored once, however often it is asked for. Raises
        `InvalidJob` with every problem, `IdempotencyKeyReused`, or `StoreUnavailable`: then it is
        not stored, or that is unknown.
        """
        idempotency = Idempotency(key, _hash(body), self._key_seconds) if key else None
        job = self._requests.job(body, owner, idempotency)
        self._check_callbacks({"/callbackUrl": job})
        [accepted] = self._store_and_publish([job], lambda: [self._store.insert(job)])
        return accepted

    def many(self, body: object, owner: str | None = None) -> list[Accepted]:
        """Store all jobs of a batch (`JobRequests.jobs`), or none; raises the same errors."""
        jobs = self._requests.jobs(body, owner)
        self._check_callbacks({f"/jobs/{i}/callbackUrl": job for i, job in enumerate(jobs)})
        return self._store_and_publish(jobs, lambda: self._store.insert_all(jobs))

    def _check_callbacks(self, jobs: Mapping[str, NewJob]) -> None:
        refused = [where for where, job in jobs.items() if job.callback_url]
        if refused and not self._callbacks:
            detail = "is not taken: this deployment has no CALLBACK_SECRET to sign with"
            raise InvalidJob([Problem(where, detail) for where in refused[:MAX_PROBLEMS]])

    def _store_and_publish(
        self, jobs: Sequence[NewJob], insert: Callable[[], Sequence[Job]]
    ) -> list[Accepted]:
        failpoint("submit.before_store")
        stored = insert()
        failpoint("submit.after_commit")
        self._publisher.jobs(stored)
        return [_accepted(job, found) for job, found in zip(jobs, stored, strict=True)]


def _accepted(asked: NewJob, stored: Job) -> Accepted:
    new = stored.id == asked.id
    key = asked.idempotency and asked.idempotency.key
    return Accepted(stored, new, replayed=bool(not new and key and stored.idempotency_key == key))


def _hash(body: object) -> str:
    """The same for all spellings of one JSON value."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
