"""What HTTP asks of every address: its methods, Accept, and CORS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api.problems import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

JSON = "application/json"

DEFAULT_ACCEPT = JSON
"""API Gateway sends this Accept for a client that sent none."""

PREFLIGHT_TTL_SECONDS = 600
"""A browser may remember the answer to a preflight this long."""

_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Api-Key"
_READABLE_HEADERS = "Allow, ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate"
_RANGE = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)/([\w!#$%&'*+.^`|~-]+)\s*(?:;(.*))?", re.DOTALL)
_NEVER = re.compile(r"(?:^|;)\s*q\s*=\s*0(?:\.0{0,3})?\s*(?:;|$)", re.IGNORECASE)


def methods(routed: Iterable[str]) -> frozenset[str]:
    """The methods of an address that has routes for those in `routed`."""
    routed = frozenset(routed)
    return routed | {"OPTIONS"} | ({"HEAD"} if "GET" in routed else frozenset())


def check_accept(accept: str | None, produced: str) -> None:
    """Raise `NotAcceptable` if `accept` rules out the media type `produced`.

    An `accept` that is no list of media ranges rules nothing out (RFC 9110, 12.5.1).
    """
    if not accept or accept == DEFAULT_ACCEPT or _fits(accept, produced):
        return
    raise NotAcceptable(f"{produced} is what there is, and Accept rules it out")


def cors_headers(
    origin: str | None, origins: Collection[str], allowed: Iterable[str] = ()
) -> dict[str, str]:
    """The headers that let a page from `origin` read the answer (CORS), if `origins` has it.

    `allowed`: the methods that it may use, in the answer to a preflight.
    """
    if not origins:
        return {}
    headers = {"Vary": "Origin"}
    if origin is None or not {origin, "*"} & set(origins):
        return headers
    headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    headers["Access-Control-Expose-Headers"] = _READABLE_HEADERS
    if listed := ", ".join(sorted(allowed)):
        headers["Access-Control-Allow-Methods"] = listed
        headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
        headers["Access-Control-Max-Age"] = str(PREFLIGHT_TTL_SECONDS)
    return headers


def _fits(accept: str, produced: str) -> bool:
    kind, _, name = produced.partition("/")
    best, fits = -1, False
    for part in accept.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            return True
        asked = (found[1].lower(), found[2].lower())
        # The most specific range that fits is the one that counts.
        ranges = (("*", "*"), (kind, "*"), (kind, name))
        if asked in ranges and ranges.index(asked) > best:
            best, fits = ranges.index(asked), not _NEVER.search(found[3] or "")
    return fits
