"""Read the headers and the body of a request. What it cannot use, it refuses by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api.problems import (
    BodyTooLarge,
    InvalidHeader,
    MalformedBody,
    UnsupportedMediaType,
)
from api.strict_json import parse
from jobs.core.errors import JobNotFound, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalice.app import Request

MAX_BODY_BYTES = 5 * 1024 * 1024
"""Bytes. Lambda takes events of 6 MB, in which the gateway has escaped the body once more."""

MAX_KEY_CHARACTERS = 255
"""Of an idempotency key."""

_EMPTY_BODIES = (b"", b"{}", b"null")
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}\Z")


def json_body(request: Request) -> Any:
    """The JSON value in the body of `request`. Without a Content-Type, the body is taken for JSON.

    Raises `UnsupportedMediaType`, `BodyTooLarge`, `MalformedBody`, in this order.
    """
    content_type = request.headers.get("content-type") or "application/json"
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        wanted = "JSON is needed, with the header Content-Type: application/json"
        raise UnsupportedMediaType(
            f"{wanted}; this is {media_type[:60]}", {"Accept": "application/json"}
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "a body is taken as it is, without a Content-Encoding", {"Accept-Encoding": "identity"}
        )
    body = _body(request)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"{len(body)} bytes are more than the {MAX_BODY_BYTES} that are taken")
    return parse(body)


def refuse_body(request: Request) -> None:
    """Raise `MalformedBody` if there is a body. `{}` and `null` count as none."""
    if _body(request).strip() not in _EMPTY_BODIES:
        raise MalformedBody(
            [Problem("", "is not taken here: what is asked for stands in the address")]
        )


def idempotency_key(request: Request) -> str | None:
    """The header `Idempotency-Key`, in quotes or not. Raises `InvalidHeader`."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if _times(request, "idempotency-key") > 1:
        # Gateways pass on one of several values: the client could not know which.
        raise InvalidHeader("Idempotency-Key may be given once")
    key = key.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not _KEY.match(key):
        wanted = f"1 to {MAX_KEY_CHARACTERS} visible ASCII characters"
        raise InvalidHeader(f"Idempotency-Key must be {wanted}, not {key[:60]!r}")
    return str(key)


def refuse_idempotency_key(request: Request) -> None:
    """Raise `InvalidHeader` if there is an idempotency key."""
    if "idempotency-key" in request.headers:
        wanted = "a batch takes none: give its jobs a uniqueKey each, or send them one by one"
        raise InvalidHeader(f"Idempotency-Key: {wanted}")


def job_id(text: str) -> UUID:
    """The id in a path. Raises `JobNotFound` for a text that is no id: no job has it."""
    try:
        found = UUID(text)
    except ValueError:
        raise JobNotFound from None
    if str(found) != text.lower():
        # UUID() also takes braces, URNs and missing hyphens; a job has one address.
        raise JobNotFound
    return found


def _times(request: Request, header: str) -> int:
    """How often the client sent `header`, a name in lower case."""
    sent: Mapping[str, Sequence[str]] = request.to_original_event().get("multiValueHeaders") or {}
    return sum(len(values) for name, values in sent.items() if name.lower() == header)


def _body(request: Request) -> bytes:
    try:
        body = request.raw_body
    except ValueError as error:
        detail = "is neither UTF-8 nor the base64 that the gateway says it is"
        raise MalformedBody([Problem("", detail)]) from error
    return body if isinstance(body, bytes) else body.encode()
