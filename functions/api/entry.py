"""The way into the function: no exception leaves it, and every request leaves a line."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice

from api import authorization, negotiation, query
from api.errors import MethodNotAllowed, RouteNotFound
from api.http import PROBLEM, problem
from jobs import bootstrap
from jobs.adapters import log

if TYPE_CHECKING:
    from collections.abc import Collection

    from chalice.app import Request


class Entry(Chalice):
    """A Chalice app whose own errors are problem documents too, and which logs each request."""

    def __call__(self, event: object, context: object) -> dict[str, Any]:
        began = time.perf_counter()
        method = _find(event, "requestContext", "httpMethod")
        path = _find(event, "requestContext", "resourcePath")
        answer = self._answer(event, context, method, path)
        if method == "HEAD":
            answer["body"] = ""
        answer["headers"] |= negotiation.shared(
            _header(event, "origin"), _origins(), _asked(answer)
        )
        log.event(
            "request",
            method=method,
            path=path,
            status=answer["statusCode"],
            duration_ms=round((time.perf_counter() - began) * 1000, 3),
            job_id=_find(event, "pathParameters", "id") or _created(answer),
            request_id=getattr(context, "aws_request_id", None),
        )
        return answer

    @property
    def request(self) -> Request:
        """The request that a view was called for."""
        assert self.current_request  # noqa: S101 - there is none outside of views only
        return self.current_request

    @property
    def request_id(self) -> str | None:
        """The id of the invocation that a view was called in."""
        found: str | None = getattr(self.lambda_context, "aws_request_id", None)
        return found

    def _answer(
        self, event: object, context: object, method: object, path: object
    ) -> dict[str, Any]:
        try:
            # Chalice has no 404, and takes note of every route that it is asked for.
            if path not in self.routes:
                raise RouteNotFound  # noqa: TRY301
            allowed = negotiation.methods(self.routes[path])
            if method not in allowed:
                raise MethodNotAllowed(allowed)  # noqa: TRY301
            if method == "OPTIONS":
                return _allowing(allowed)
            asked = _as_get(event)
            admitted = authorization.admit(asked, asked["httpMethod"], str(path), _headers(event))
            negotiation.check_accept(_header(event, "accept"), str(path))
            if path not in authorization.OPEN:
                names = _find(event, "multiValueQueryStringParameters") or ()
                query.check(names, asked["httpMethod"], str(path))
            answer: dict[str, Any] = super().__call__(admitted, context)
            failed = answer["statusCode"] >= HTTPStatus.BAD_REQUEST
            if failed and answer["headers"].get("Content-Type") != PROBLEM:
                message = f"Chalice answered by itself: {answer}"
                raise RuntimeError(message)  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - the engine would show it to the client
            return problem(error).to_dict()
        return answer


def _allowing(allowed: Collection[str]) -> dict[str, Any]:
    headers = {"Allow": ", ".join(sorted(allowed)), "Cache-Control": "no-store"}
    return {"statusCode": 204, "headers": headers, "multiValueHeaders": {}, "body": ""}


def _asked(answer: dict[str, Any]) -> Collection[str]:
    """The methods that an answer to OPTIONS tells of; of others, none."""
    if answer["statusCode"] != HTTPStatus.NO_CONTENT:
        return ()
    return str(answer["headers"].get("Allow", "")).split(", ")


def _origins() -> Collection[str]:
    try:
        return bootstrap.api().origins
    except Exception:  # noqa: BLE001 - told by every route that needs the configuration
        return ()


def _as_get(event: Any) -> Any:
    """The event of a HEAD as that of the GET whose headers it asks for; any other as it is."""
    if _find(event, "requestContext", "httpMethod") != "HEAD":
        return event
    about = {**event["requestContext"], "httpMethod": "GET"}
    return {**event, "httpMethod": "GET", "requestContext": about}


def _header(event: object, name: str) -> str | None:
    """A header's last value; its name in lower case."""
    return _headers(event).get(name)


def _headers(event: object) -> dict[str, str]:
    headers = _find(event, "headers")
    return {key.lower(): value for key, value in headers.items()} if headers else {}


def _created(answer: dict[str, Any]) -> str | None:
    location: str | None = answer["headers"].get("Location")
    return location and location.removeprefix("jobs/")


def _find(event: object, *names: str) -> Any:
    """What lies under `names` in `event`, or None where one of them is not there."""
    for name in names:
        event = event.get(name) if isinstance(event, dict) else None
    return event
