"""What HTTP asks of every address: its methods, Accept, and CORS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api.errors import NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PRODUCES = {"/docs": "text/html"}
"""The media type of an address that does not answer with JSON."""

JSON = "application/json"

UNSAID = JSON
"""What API Gateway puts into Accept where the client said nothing."""

REMEMBERED = 600
"""Seconds for which a browser may remember the answer to a preflight."""

_ASKED_WITH = "Authorization, Content-Type, Idempotency-Key, X-Api-Key"
_SHOWN_TO_SCRIPTS = "Allow, ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate"
_RANGE = re.compile(r"\s*([\w!#$%&'*+.^`|~-]+)/([\w!#$%&'*+.^`|~-]+)\s*(?:;(.*))?", re.DOTALL)
_NEVER = re.compile(r"(?:^|;)\s*q\s*=\s*0(?:\.0{0,3})?\s*(?:;|$)", re.IGNORECASE)


def methods(taken: Iterable[str]) -> frozenset[str]:
    """The methods of an address whose routes take those in `taken`."""
    taken = frozenset(taken)
    return taken | {"OPTIONS"} | ({"HEAD"} if "GET" in taken else frozenset())


def check_accept(accept: str | None, path: str) -> None:
    """Raise `NotAcceptable` if `accept` rules out what `path` answers with.

    What cannot be read as a list of media ranges says nothing (RFC 9110, 12.5.1).
    """
    produced = PRODUCES.get(path, JSON)
    if not accept or accept == UNSAID or _fits(accept, produced):
        return
    raise NotAcceptable(f"{produced} is what there is, and Accept rules it out")


def shared(
    origin: str | None, origins: Collection[str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """The headers that let a page from `origin` read the answer (CORS), if it may.

    `taken`: the methods that it may use, in answer to a preflight.
    """
    if not origins:
        return {}
    headers = {"Vary": "Origin"}
    if origin is None or not {origin, "*"} & set(origins):
        return headers
    headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
    headers["Access-Control-Expose-Headers"] = _SHOWN_TO_SCRIPTS
    if allowed := ", ".join(sorted(taken)):
        headers["Access-Control-Allow-Methods"] = allowed
        headers["Access-Control-Allow-Headers"] = _ASKED_WITH
        headers["Access-Control-Max-Age"] = str(REMEMBERED)
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
