"""Accept jobs: store them, publish them, wake a poller if one is needed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from jobs.core.batch import submissions
from jobs.core.errors import InvalidJob
from jobs.core.faults import point
from jobs.core.model import Idempotency, Problem
from jobs.core.publish import Publish
from jobs.core.schema import schema_asked_for
from jobs.core.submission import MOST_PROBLEMS, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jobs.core.job_type import JobType
    from jobs.core.model import Job, NewJob
    from jobs.core.ports.log import Log
    from jobs.core.ports.queue import JobQueue
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker
    from jobs.core.submission import Submission

KEEP = 24 * 3600.0
"""Seconds for which a request is known again by its idempotency key."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The job that a request came to. Not `new`: it was there already.

    `replayed`: by an earlier request with the same idempotency key.
    """

    job: Job
    new: bool
    replayed: bool


class Submit:
    """Takes jobs in. `types` are the types there are; `keep` is seconds."""

    def __init__(
        self,
        store: JobStore,
        queue: JobQueue,
        waker: Waker,
        types: Mapping[str, JobType],
        log: Log,
        *,
        new_id: Callable[[], UUID] = uuid4,
        keep: float = KEEP,
        callbacks: bool = False,
    ) -> None:
        self._store = store
        self._waker = waker
        self._publish = Publish(queue, waker, log)
        self._budgets = {name: each.budget for name, each in types.items()}
        self._new_id = new_id
        self._keep = keep
        self._callbacks = callbacks

    def __call__(self, envelope: object) -> Job:
        """As `accept`, where it does not matter whether the job was there before."""
        return self.accept(envelope).job

    def accept(
        self, envelope: object, key: str | None = None, owner: str | None = None
    ) -> Accepted:
        """Store the job that `envelope` (a JSON value) asks for; once it returns, it is stored.

        Under `key` it is stored once, however often it is asked for. Raises `InvalidJob` with
        all that is wrong, `IdempotencyKeyReused`, or `StoreUnavailable`: then it is not stored,
        or nobody knows.
        """
        asked = submission(envelope, self._budgets)
        self._check_callbacks({"/callbackUrl": asked})
        idempotency = Idempotency(key, _hash(envelope), self._keep) if key else None
        job = asked.job(self._new_id(), idempotency, owner)
        [accepted] = self._accept([job], lambda: [self._store.insert(job)])
        return accepted

    def many(self, batch: object, owner: str | None = None) -> list[Accepted]:
        """Store all jobs that `batch` (see `jobs.core.batch`) asks for, or none; raises as well."""
        asked = submissions(batch, self._budgets)
        self._check_callbacks(
            {f"/jobs/{index}/callbackUrl": each for index, each in enumerate(asked)}
        )
        jobs = [each.job(self._new_id(), owner=owner) for each in asked]
        return self._accept(jobs, lambda: self._store.insert_all(jobs))

    def _check_callbacks(self, asked: Mapping[str, Submission]) -> None:
        told = [where for where, each in asked.items() if each.callback_url]
        if told and not self._callbacks:
            detail = "is not taken: this deployment has no CALLBACK_SECRET to sign with"
            raise InvalidJob([Problem(where, detail) for where in told[:MOST_PROBLEMS]])

    def _accept(
        self, jobs: Sequence[NewJob], insert: Callable[[], Sequence[Job]]
    ) -> list[Accepted]:
        point("submit.before_store")
        with schema_asked_for(self._waker):
            stored = insert()
        point("submit.after_commit")
        self._publish(stored)
        return [_accepted(job, found) for job, found in zip(jobs, stored, strict=True)]


def _accepted(asked: NewJob, stored: Job) -> Accepted:
    new = stored.id == asked.id
    key = asked.idempotency and asked.idempotency.key
    return Accepted(stored, new, replayed=bool(not new and key and stored.idempotency_key == key))


def _hash(envelope: object) -> str:
    """The same for all spellings of one JSON value."""
    text = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
