"""Sends one HTTP request to a server of the stack."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The servers of the stack are on this machine."""


def call(
    url: str,
    body: object = None,
    *,
    method: str | None = None,
    seconds: float = 30.0,
    key: str | None = None,
) -> tuple[int, Any]:
    """Send `body` as JSON; returns the status and the JSON of the answer, whatever the status.

    `key` is an API key. Raises `OSError` if there is no answer within `seconds`, `ValueError` if
    the answer is no JSON.
    """
    request = urllib.request.Request(  # noqa: S310  (URLs are the stack's own)
        url,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {key}"} if key else {}),
        },
    )
    try:
        with WITHOUT_PROXY.open(request, timeout=seconds) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)
