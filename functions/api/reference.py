"""The reference of the API, served from files: as a document and as a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalice.app import Response

SERVED = Path(__file__).parent / "served"
"""The folder of the two files. `make reference` writes them."""

_MAX_AGE_SECONDS = 300
"""A cache may keep them this long."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def openapi() -> Response:
    """The OpenAPI document."""
    return Response(_read("openapi.json"), _headers("application/json"))


def docs() -> Response:
    """The same as a page, which may load nothing and run nothing."""
    headers = _headers("text/html; charset=utf-8")
    return Response(_read("docs.html"), {**headers, "Content-Security-Policy": _POLICY})


@cache
def _read(name: str) -> str:
    return (SERVED / name).read_text("utf-8")


def _headers(content_type: str) -> dict[str, str | list[str]]:
    return {"Content-Type": content_type, "Cache-Control": f"max-age={_MAX_AGE_SECONDS}"}
