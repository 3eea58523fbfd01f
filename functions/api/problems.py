"""Errors as clients see them: the errors of requests, the HTTP status of every error, and problem
documents."""

from __future__ import annotations

import traceback
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

from chalice.app import Response

from jobs.adapters import log
from jobs.core.errors import (
    ConfigurationError,
    IdempotencyKeyReused,
    InvalidApiKey,
    InvalidCursor,
    InvalidJob,
    JobAlreadyEnded,
    JobNotFailed,
    JobNotFound,
    JobNotPending,
    JobsError,
    QueueNotFound,
    ResultGone,
    ResultNotReady,
    SchemaMissing,
    ScopeMissing,
    StoreUnavailable,
    TooManyPolls,
    UniqueKeyTaken,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jobs.core.errors import Problem

Arguments = ParamSpec("Arguments")

MEDIA_TYPE = "application/problem+json"


# The first line of a docstring below is the title that clients see.


class MalformedBody(JobsError):  # noqa: N818 - the name says what is wrong, as in the core
    """The body is not as expected."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class BodyTooLarge(JobsError):  # noqa: N818
    """The body is too large."""


class UnsupportedMediaType(JobsError):  # noqa: N818
    """The media type of the body is not supported."""

    def __init__(self, message: str, supported: Mapping[str, str]) -> None:
        """`supported`: the header that names the supported types (RFC 9110, 15.5.16)."""
        self.supported = supported
        super().__init__(message)


class InvalidHeader(JobsError):  # noqa: N818
    """A header has a value that is not valid."""


class InvalidQuery(JobsError):  # noqa: N818
    """The query string is not valid."""


class RouteNotFound(JobsError):  # noqa: N818
    """There is nothing at this address."""


class MethodNotAllowed(JobsError):  # noqa: N818
    """This address does not support this method."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"only {self.allowed} is taken here")


class NotAcceptable(JobsError):  # noqa: N818
    """The answer is not available in a media type that is accepted."""


class AnswerTooLarge(JobsError):  # noqa: N818
    """The answer would be larger than can be sent."""


class ComponentDown(JobsError):  # noqa: N818
    """A part of the system does not answer."""


class ProblemType(NamedTuple):
    """The HTTP status of an error, and the last word of its `type`."""

    status: int
    name: str


_RETRY_AFTER: Mapping[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "5",
    HTTPStatus.SERVICE_UNAVAILABLE: "1",
}
"""Seconds after which a client may try again, by the status of the answer."""

UNEXPECTED = ProblemType(500, "internal-error")

PROBLEM_TYPES: Mapping[type[Exception], ProblemType] = {
    MalformedBody: ProblemType(400, "malformed-body"),
    InvalidJob: ProblemType(400, "invalid-job"),
    InvalidHeader: ProblemType(400, "invalid-header"),
    InvalidQuery: ProblemType(400, "invalid-query"),
    InvalidCursor: ProblemType(400, "invalid-cursor"),
    InvalidApiKey: ProblemType(401, "key-refused"),
    ScopeMissing: ProblemType(403, "scope-missing"),
    JobNotFound: ProblemType(404, "job-not-found"),
    QueueNotFound: ProblemType(404, "queue-not-found"),
    RouteNotFound: ProblemType(404, "route-not-found"),
    MethodNotAllowed: ProblemType(405, "method-not-allowed"),
    NotAcceptable: ProblemType(406, "not-acceptable"),
    IdempotencyKeyReused: ProblemType(409, "idempotency-key-reused"),
    ResultNotReady: ProblemType(409, "no-result"),
    JobAlreadyEnded: ProblemType(409, "too-late"),
    JobNotFailed: ProblemType(409, "job-not-failed"),
    JobNotPending: ProblemType(409, "job-not-pending"),
    UniqueKeyTaken: ProblemType(409, "unique-key-taken"),
    ResultGone: ProblemType(410, "result-gone"),
    BodyTooLarge: ProblemType(413, "body-too-large"),
    UnsupportedMediaType: ProblemType(415, "unsupported-media-type"),
    AnswerTooLarge: ProblemType(422, "answer-too-large"),
    TooManyPolls: ProblemType(429, "too-many-polls"),
    ConfigurationError: ProblemType(500, "not-configured"),
    SchemaMissing: ProblemType(503, "schema-missing"),
    StoreUnavailable: ProblemType(503, "database-unavailable"),
    ComponentDown: ProblemType(503, "part-down"),
}
"""Every error that clients can tell apart. An error that is not here is `UNEXPECTED`."""


def answer_errors(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
    """`view`, which now answers with a problem document instead of raising an error."""

    @wraps(view)
    def answer(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - Chalice would answer in words of its own
            return problem(error)

    return answer


def problem(error: Exception, **more: object) -> Response:
    """The problem document (RFC 9457) for `error`, with `more` members.

    An error of the client is described in the error's own words. An error of the server is
    described in general words: its own words may hold internals, and only the log shows them.
    """
    kind = _kind(error)
    title = "Something unexpected went wrong" if kind is UNEXPECTED else _title(error)
    document = {
        "type": f"urn:problem-type:sluice:{kind.name}",
        "title": title,
        "status": kind.status,
        "detail": str(error),
    }
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log(error, kind)
        document["detail"] = f"{title}. The log says more."
    return Response(document | _places(error) | more, _headers(error, kind), kind.status)


def _kind(error: Exception) -> ProblemType:
    classes = type(error).__mro__
    return next((PROBLEM_TYPES[each] for each in classes if each in PROBLEM_TYPES), UNEXPECTED)


def _title(error: Exception) -> str:
    return (type(error).__doc__ or "").partition("\n")[0].rstrip(".")


def _places(error: Exception) -> dict[str, Any]:
    """Every place in the body that is wrong, where `error` knows them."""
    if not isinstance(error, InvalidJob | MalformedBody):
        return {}
    found = error.problems
    return {
        "detail": "; ".join(f"{each.pointer or 'the body'} {each.detail}" for each in found),
        "errors": [{"pointer": each.pointer, "detail": each.detail} for each in found],
    }


def _headers(error: Exception, kind: ProblemType) -> dict[str, str | list[str]]:
    headers: dict[str, str | list[str]] = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    if kind.status in _RETRY_AFTER:
        headers["Retry-After"] = _RETRY_AFTER[kind.status]
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="sluice"'
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allowed
    if isinstance(error, UnsupportedMediaType):
        headers |= error.supported
    return headers


def _log(error: Exception, kind: ProblemType) -> None:
    trace = None if isinstance(error, JobsError) else "".join(traceback.format_exception(error))
    log.event("request.failed", level="ERROR", kind=kind.name, error=str(error), trace=trace)
