"""Authentication and authorization: who sends a request, and whether the key allows it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from api.request import job_id
from jobs import bootstrap
from jobs.core.api_keys import Caller
from jobs.core.errors import JobNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from chalice.app import Request

    from jobs.core.ports.api_keys import Scope

_BEARER = "bearer "


def admit(event: Any, headers: Mapping[str, str], scope: Scope | None) -> Any:
    """`event`, with its caller where an authorizer of the gateway would put it.

    `scope`: the one that the key must have; None: no key is needed. Names in `headers` are in lower
    case. Raises what `ApiKeys` raises.
    """
    caller = _caller(event, headers, scope) if scope else Caller()
    noted = {"owner": caller.owner, "sees": caller.sees}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": noted}}


def caller(request: Request) -> Caller:
    """The sender of `request`."""
    return Caller(**request.context["authorizer"])


def check_again(request: Request, scope: Scope) -> Callable[[], object]:
    """A check of the key of `request` as it is when it is called: it may have been revoked."""
    return partial(_caller, request.to_original_event(), request.headers, scope)


def _caller(event: Any, headers: Mapping[str, str], scope: Scope) -> Caller:
    api_keys = bootstrap.api().api_keys
    if api_keys is None:
        return Caller()
    text = (event.get("pathParameters") or {}).get("id")
    return api_keys(_key(headers), scope, _job(text))


def _job(text: str | None) -> UUID | None:
    # A caller without a key learns of that first; the view refuses what is no id.
    with suppress(JobNotFound):
        return job_id(text) if text else None
    return None


def _key(headers: Mapping[str, str]) -> str | None:
    given = headers.get("authorization", "")
    if given.lower().startswith(_BEARER):
        return given[len(_BEARER) :].strip()
    return headers.get("x-api-key")
