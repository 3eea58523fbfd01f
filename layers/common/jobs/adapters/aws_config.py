"""How long a call of an AWS service may take while a job waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config

_CONNECT, _ANSWER, _TRIES = 1, 4, 2
"""Seconds to wait for a connection and for an answer, and how often in all."""

MAX_CALL_SECONDS = _TRIES * (_CONNECT + _ANSWER) + 1
"""Seconds that one call may take; the last one is for the pause between two tries."""


def limits(**more: Any) -> Config:
    """Settings that keep one call of a client within `MAX_CALL_SECONDS`, with connections for all
    threads of a poller. `more`: further settings.
    """
    from botocore.config import Config  # noqa: PLC0415 - half a second, only for callers of AWS

    return Config(
        connect_timeout=_CONNECT,
        read_timeout=_ANSWER,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=32,
        **more,
    )
