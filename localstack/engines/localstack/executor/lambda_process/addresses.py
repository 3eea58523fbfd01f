"""Where LocalStack can be reached on this machine."""

from __future__ import annotations

from localstack.config import GATEWAY_LISTEN

from lambda_process.runtime_api import LOOPBACK

ANYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104


def reachable() -> tuple[str, int]:
    """Host and port of its gateway."""
    listen = GATEWAY_LISTEN[0]
    host = str(listen.host)
    return (LOOPBACK if host in ANYWHERE else host), int(listen.port)
