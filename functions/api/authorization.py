"""Authentication and authorization: whose request it is, and whether it is allowed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from api.request import job_id
from jobs import bootstrap
from jobs.core.api_keys import Caller
from jobs.core.errors import JobNotFound
from jobs.core.ports.api_keys import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from chalice.app import Request

OPEN = frozenset({"/health", "/health/live", "/openapi.json", "/docs"})
"""Addresses that need no key, each by its name."""

SCOPES: Mapping[tuple[str, str], Scope] = {
    ("POST", "/jobs"): Scope.SUBMIT,
    ("POST", "/jobs/batch"): Scope.SUBMIT,
    ("GET", "/jobs"): Scope.READ,
    ("GET", "/jobs/{id}"): Scope.READ,
    ("GET", "/jobs/{id}/result"): Scope.READ,
    ("GET", "/jobs/{id}/events"): Scope.READ,
    ("DELETE", "/jobs/{id}"): Scope.SUBMIT,
    ("POST", "/jobs/{id}/retry"): Scope.SUBMIT,
}
"""What the key must be for; what is not in here is for `admin` alone."""

_BEARER = "bearer "


def admit(event: Any, method: str, path: str, headers: Mapping[str, str]) -> Any:
    """`event`, with who sends it noted where an authorizer of the gateway would note it.

    Raises what `Access` does; `method` is that of the route.
    """
    caller = Caller()
    if path not in OPEN:
        text = (event.get("pathParameters") or {}).get("id")
        needed = SCOPES.get((method, path), Scope.ADMIN)
        api_keys = bootstrap.api().api_keys
        if api_keys is not None:
            caller = api_keys(_key(headers), needed, _job(text))
    noted = {"owner": caller.owner, "sees": caller.sees}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": noted}}


def caller(request: Request) -> Caller:
    """Who sent `request`."""
    return Caller(**request.context["authorizer"])


def _job(text: str | None) -> UUID | None:
    # Who has no key is told that first; what is no id is the view's to refuse.
    with suppress(JobNotFound):
        return job_id(text) if text else None
    return None


def _key(headers: Mapping[str, str]) -> str | None:
    given = headers.get("authorization", "")
    if given.lower().startswith(_BEARER):
        return given[len(_BEARER) :].strip()
    return headers.get("x-api-key")
