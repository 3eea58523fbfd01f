"""A request body becomes jobs: one table of options, for single requests and batches.

The table is `jobs.core.job`: each option there carries its name in a request and the JSON Schema
of its value. A value is checked by that schema, and every problem is named with its place.
"""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from jobs.core.errors import (
    InvalidJob,
    Problem,
    ProcessorUnavailable,
    describe,
    json_type,
    one_of,
    pointer,
)
from jobs.core.job import Backoff, BackoffType, NewJob, Option, Priority
from jobs.core.job_type import PayloadCheck, payload_check
from jobs.core.schema import checker, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from jobs.core.job import Idempotency
    from jobs.core.job_type import JobType

MAX_PROBLEMS = 20
"""The most problems listed: a hostile body could have a million."""

MAX_BATCH_JOBS = 1_000
"""The most jobs in one request."""

OPTIONS: Mapping[str, Option] = {
    each.name: each.metadata["option"] for each in fields(NewJob) if "option" in each.metadata
}
"""The options of a request, by the field of `NewJob` that each one sets."""

_CHECKS = {option.name: checker(option.schema) for option in OPTIONS.values()}
_FIELDS = {option.name: field for field, option in OPTIONS.items()}
_MEMBERS = ("type", "payload", *_FIELDS)


class JobRequests:
    """Reads request bodies. `types`: those that a client may ask for; one is looked up only for a
    job of that type, so that a processor that cannot be imported stops no other type."""

    def __init__(self, types: Mapping[str, JobType], new_id: Callable[[], UUID]) -> None:
        self._types = types
        self._names = tuple(types)
        self._known: dict[str, JobType] = {}
        self._new_id = new_id

    def job(
        self, body: object, owner: str | None = None, idempotency: Idempotency | None = None
    ) -> NewJob:
        """The job that `body` asks for.

        Raises `InvalidJob` with every problem, at most `MAX_PROBLEMS`.
        """
        _raise_any(self._problems(body))
        return self._job(body, owner, idempotency)

    def jobs(self, body: object, owner: str | None = None) -> list[NewJob]:
        """The jobs of a batch, `{"jobs": [request body, …]}`: all of them, or none.

        Raises `InvalidJob` with the problems of all of them, at most `MAX_PROBLEMS`.
        """
        _raise_any(self._batch_problems(body))
        bodies: Any = body
        return [self._job(each, owner) for each in bodies["jobs"]]

    def _job(self, body: Any, owner: str | None, idempotency: Idempotency | None = None) -> NewJob:
        options = {
            _FIELDS[name]: _read(_FIELDS[name], value)
            for name, value in body.items()
            if name in _FIELDS
        }
        return NewJob(
            self._new_id(),
            body["type"],
            body["payload"],
            idempotency=idempotency,
            owner=owner,
            **options,
        )

    def _problems(self, body: object) -> Iterator[Problem]:
        if not isinstance(body, dict):
            yield Problem("", f"must be an object, not {json_type(body)}")
            return
        yield from self._type_problems(body)
        yield from self._payload_problems(body)
        for name, check in _CHECKS.items():
            if name in body:
                yield from check(body[name], f"/{name}")
        yield from self._combined_problems(body)
        for name in body:
            if name not in _MEMBERS:
                yield Problem(pointer("", name), f"is unknown: {one_of(_MEMBERS)}")

    def _batch_problems(self, body: object) -> Iterator[Problem]:
        if not isinstance(body, dict):
            yield Problem("", f"must be an object, not {json_type(body)}")
            return
        for name in body:
            if name != "jobs":
                yield Problem(pointer("", name), f"is unknown: {one_of(['jobs'])}")
        bodies = body.get("jobs")
        if "jobs" not in body:
            yield Problem("/jobs", "is missing: a list of jobs")
        elif not isinstance(bodies, list):
            yield Problem("/jobs", f"must be a list of jobs, not {describe(bodies)}")
        elif not 1 <= len(bodies) <= MAX_BATCH_JOBS:
            wanted = f"a list of 1 to {MAX_BATCH_JOBS:,} jobs"
            yield Problem("/jobs", f"must be {wanted}, not of {len(bodies):,}")
        else:
            for index, each in enumerate(bodies):
                for found in self._problems(each):
                    yield Problem(f"/jobs/{index}{found.pointer}", found.detail)

    def _type_problems(self, body: Mapping[str, Any]) -> Iterator[Problem]:
        if "type" not in body:
            yield Problem("/type", f"is missing: {one_of(self._names)}")
        elif body["type"] not in self._names:
            yield Problem("/type", f"must be {one_of(self._names)}, not {describe(body['type'])}")

    def _payload_problems(self, body: Mapping[str, Any]) -> Iterator[Problem]:
        if "payload" not in body:
            yield Problem("/payload", "is missing: an object")
        elif not isinstance(body["payload"], dict):
            yield Problem("/payload", f"must be an object, not {describe(body['payload'])}")
        elif (job_type := self._type(body)) and job_type.check is PayloadCheck.ON_SUBMIT:
            yield from payload_check(job_type)(body["payload"], "/payload")

    def _combined_problems(self, body: Mapping[str, Any]) -> Iterator[Problem]:
        timeout: Any = body.get("timeoutSeconds")
        job_type = self._type(body)
        given = isinstance(timeout, int | float) and not isinstance(timeout, bool)
        if job_type and given and timeout > job_type.max_seconds:
            wanted = f"at most {job_type.max_seconds:g}, which {job_type.name} may take"
            yield Problem("/timeoutSeconds", f"must be {wanted}, not {describe(timeout)}")
        if "runAt" in body and "delaySeconds" in body:
            yield Problem("/delaySeconds", "must not stand beside runAt: either says when")
        if "uniqueFor" in body and "uniqueKey" not in body:
            yield Problem("/uniqueFor", "needs a uniqueKey beside it")

    def _type(self, body: Mapping[str, Any]) -> JobType | None:
        """The type of the job; None where it is unknown, or its processor cannot be imported."""
        name = body.get("type")
        if name not in self._names:
            return None
        try:
            return self._known.get(name) or self._known.setdefault(name, self._types[name])
        except ProcessorUnavailable:
            return None


def _raise_any(found: Iterator[Problem]) -> None:
    if first := list(islice(found, MAX_PROBLEMS)):
        raise InvalidJob(first)


def _read(field: str, value: Any) -> Any:
    """The value of a field of `NewJob`, from one that is as its schema says."""
    match OPTIONS[field].schema:
        case {"type": "integer"}:
            return int(value)
        case {"type": "number"}:
            return float(value)
        case {"type": "array"}:
            return tuple(value)
        case {"format": "date-time"}:
            return parse_time(value)
    return _READERS[field](value) if field in _READERS else value


def _backoff(value: Mapping[str, Any]) -> Backoff:
    found: dict[str, Any] = dict(value)
    if "type" in found:
        found["type"] = BackoffType(found["type"])
    if "seconds" in found:
        found["seconds"] = float(found["seconds"])
    return Backoff(**found)


_READERS: Mapping[str, Callable[[Any], Any]] = {"priority": Priority, "backoff": _backoff}
