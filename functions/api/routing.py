"""The way into the function: routes, each declared once. No exception leaves the function, and
every request leaves a line in the log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Chalice

from api import auth, negotiation, problems, query_params
from jobs import bootstrap
from jobs.adapters import log
from jobs.core.ports.api_keys import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from chalice.app import Request, Response

    View = Callable[..., Response]


CHECK = {"admin": {"action": "check"}}
"""Asks what would keep this function from its work. The gateway sends no such event, whatever a
client sends: all of its events have other members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What the API knows of a route besides its view.

    `scope`: the scope that the key must have; None: the route is open, which means that no key is
    needed and unknown query parameters are ignored. `query`: its query parameters. `produces`: the
    media type of its answers; None: that depends, and the view judges Accept itself.
    """

    scope: Scope | None
    query: tuple[str, ...]
    produces: str | None


class Api(Chalice):
    """A Chalice app whose own errors are problem documents too, and which logs each request."""

    def __init__(self, name: str) -> None:
        super().__init__(name, configure_logs=False)
        self.declared: dict[tuple[str, str], Route] = {}
        """Every route, by its method and its path."""

    def route(  # type: ignore[override]  # one method, and more to declare
        self,
        method: str,
        path: str,
        *,
        scope: Scope = Scope.ADMIN,
        query: tuple[str, ...] = (),
        produces: str | None = negotiation.JSON,
        open: bool = False,
    ) -> Callable[[View], View]:
        """Declare the route of a view.

        The view gets the parameters of the path, and returns the answer or raises. `open`: no key
        is needed, so there is no `scope`, and unknown query parameters are ignored.
        """
        # Views judge the type of a body themselves, where they take one.
        register = super().route(path, methods=[method], content_types=["*/*"])

        def declare(view: View) -> View:
            register(problems.answer_errors(view))
            self.declared[method, path] = Route(
                scope=None if open else scope, query=query, produces=produces
            )
            return view

        return declare

    def __call__(self, event: object, context: object) -> dict[str, Any]:
        if event == CHECK:
            return {"problems": [*bootstrap.check_api()]}
        began = time.perf_counter()
        method = _find(event, "requestContext", "httpMethod")
        path = _find(event, "requestContext", "resourcePath")
        answer = self._answer(event, context, method, path)
        if method == "HEAD":
            answer["body"] = ""
        answer["headers"] |= negotiation.cors_headers(
            _headers(event).get("origin"), _origins(), _preflight_methods(answer)
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
        assert self.current_request  # noqa: S101 - outside of views only there is none
        return self.current_request

    @property
    def is_head(self) -> bool:
        """Whether the request is a HEAD: a view is called for it as for a GET."""
        return bool(self.request.context.get("isHead"))

    @property
    def request_id(self) -> str | None:
        """The id of the invocation that a view was called in."""
        found: str | None = getattr(self.lambda_context, "aws_request_id", None)
        return found

    def _answer(
        self, event: object, context: object, method: object, path: object
    ) -> dict[str, Any]:
        try:
            # Chalice has no 404, and adds every path that it is asked for to its routes.
            if path not in self.routes:
                raise problems.RouteNotFound  # noqa: TRY301
            allowed = negotiation.methods(self.routes[path])
            if method not in allowed:
                raise problems.MethodNotAllowed(allowed)  # noqa: TRY301
            if method == "OPTIONS":
                return _options_answer(allowed)
            return self._routed(_as_get(event), context, str(path))
        except Exception as error:  # noqa: BLE001 - the engine would show it to the client
            return problems.problem(error).to_dict()

    def _routed(self, event: Any, context: object, path: str) -> dict[str, Any]:
        """The answer of the view. Raises what is wrong with the request before it gets there."""
        route = self.declared[event["requestContext"]["httpMethod"], path]
        headers = _headers(event)
        admitted = auth.admit(event, headers, route.scope)
        if route.produces:
            negotiation.check_accept(headers.get("accept"), route.produces)
        if route.scope:
            query_params.check(event.get("multiValueQueryStringParameters") or (), route.query)
        answer: dict[str, Any] = super().__call__(admitted, context)
        failed = answer["statusCode"] >= HTTPStatus.BAD_REQUEST
        if failed and answer["headers"].get("Content-Type") != problems.MEDIA_TYPE:
            message = f"Chalice answered by itself: {answer}"
            raise RuntimeError(message)
        return answer


def _options_answer(allowed: Collection[str]) -> dict[str, Any]:
    headers = {"Allow": ", ".join(sorted(allowed)), "Cache-Control": "no-store"}
    return {"statusCode": 204, "headers": headers, "multiValueHeaders": {}, "body": ""}


def _preflight_methods(answer: dict[str, Any]) -> Collection[str]:
    """The methods that an answer to OPTIONS lists; none for any other answer."""
    if answer["statusCode"] != HTTPStatus.NO_CONTENT:
        return ()
    return str(answer["headers"].get("Allow", "")).split(", ")


def _origins() -> Collection[str]:
    try:
        return bootstrap.api().origins
    except Exception:  # noqa: BLE001 - every route that needs the configuration says so
        return ()


def _as_get(event: Any) -> Any:
    """The event of the GET whose headers a HEAD asks for; the event of another method as it is."""
    if _find(event, "requestContext", "httpMethod") != "HEAD":
        return event
    request_context = {**event["requestContext"], "httpMethod": "GET", "isHead": True}
    return {**event, "httpMethod": "GET", "requestContext": request_context}


def _headers(event: object) -> dict[str, str]:
    """The last value of each header, by its name in lower case."""
    headers = _find(event, "headers")
    return {key.lower(): value for key, value in headers.items()} if headers else {}


def _created(answer: dict[str, Any]) -> str | None:
    location: str | None = answer["headers"].get("Location")
    return location and location.removeprefix("jobs/")


def _find(event: object, *names: str) -> Any:
    """The value under `names` in `event`; None where one of them is missing."""
    for name in names:
        event = event.get(name) if isinstance(event, dict) else None
    return event
