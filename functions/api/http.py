"""Errors as clients see them: one table to HTTP status, one decorator, problem documents."""

from __future__ import annotations

import traceback
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

from chalice.app import Response

from api import errors
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
    JobsError,
    QueueNotFound,
    ResultNotReady,
    SchemaMissing,
    ScopeMissing,
    StoreUnavailable,
    UniqueKeyTaken,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arguments = ParamSpec("Arguments")

PROBLEM = "application/problem+json"


class Kind(NamedTuple):
    """What clients tell errors apart by: the HTTP status, and the last word of `type`."""

    status: int
    name: str


UNEXPECTED = Kind(500, "internal-error")

KINDS: Mapping[type[Exception], Kind] = {
    errors.MalformedBody: Kind(400, "malformed-body"),
    InvalidJob: Kind(400, "invalid-job"),
    errors.InvalidHeader: Kind(400, "invalid-header"),
    errors.InvalidQuery: Kind(400, "invalid-query"),
    InvalidCursor: Kind(400, "invalid-cursor"),
    InvalidApiKey: Kind(401, "key-refused"),
    ScopeMissing: Kind(403, "scope-missing"),
    JobNotFound: Kind(404, "job-not-found"),
    QueueNotFound: Kind(404, "queue-not-found"),
    errors.RouteNotFound: Kind(404, "route-not-found"),
    errors.MethodNotAllowed: Kind(405, "method-not-allowed"),
    IdempotencyKeyReused: Kind(409, "idempotency-key-reused"),
    ResultNotReady: Kind(409, "no-result"),
    JobAlreadyEnded: Kind(409, "too-late"),
    JobNotFailed: Kind(409, "job-not-failed"),
    UniqueKeyTaken: Kind(409, "unique-key-taken"),
    errors.NotAcceptable: Kind(406, "not-acceptable"),
    errors.BodyTooLarge: Kind(413, "body-too-large"),
    errors.UnsupportedMediaType: Kind(415, "unsupported-media-type"),
    ConfigurationError: Kind(500, "not-configured"),
    SchemaMissing: Kind(503, "schema-missing"),
    StoreUnavailable: Kind(503, "database-unavailable"),
    errors.PartDown: Kind(503, "part-down"),
}


def problems(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
    """Answer what `view` raises with a problem document."""

    @wraps(view)
    def answer(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - Chalice would answer in words of its own
            return problem(error)

    return answer


def problem(error: Exception, **more: object) -> Response:
    """The problem document (RFC 9457) for `error`, with `more` members.

    What a client did wrong is said in the error's own words. What went wrong here is said in
    general words, and in particular ones, which may hold internals, in the log alone.
    """
    kind = next((KINDS[each] for each in type(error).__mro__ if each in KINDS), UNEXPECTED)
    title = "Something unexpected went wrong"
    if kind is not UNEXPECTED:
        title = (type(error).__doc__ or "").partition("\n")[0].rstrip(".")
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


def _places(error: Exception) -> dict[str, Any]:
    """Every place in the body that is wrong, where `error` knows them."""
    if not isinstance(error, InvalidJob | errors.MalformedBody):
        return {}
    found = error.problems
    return {
        "detail": "; ".join(f"{each.pointer or 'the body'} {each.detail}" for each in found),
        "errors": [{"pointer": each.pointer, "detail": each.detail} for each in found],
    }


def _headers(error: Exception, kind: Kind) -> dict[str, str | list[str]]:
    headers: dict[str, str | list[str]] = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="sluice"'
    if isinstance(error, errors.MethodNotAllowed):
        headers["Allow"] = error.allowed
    if isinstance(error, errors.UnsupportedMediaType):
        headers |= error.taken
    return headers


def _log(error: Exception, kind: Kind) -> None:
    trace = None if isinstance(error, JobsError) else "".join(traceback.format_exception(error))
    log.event("request.failed", level="ERROR", kind=kind.name, error=str(error), trace=trace)
