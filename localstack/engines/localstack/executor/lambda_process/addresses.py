"""The address of LocalStack's gateway on this machine."""

from __future__ import annotations

from localstack.config import GATEWAY_LISTEN

from lambda_process.runtime_api import LOOPBACK

ALL_INTERFACES = {"0.0.0.0", "::", ""}  # noqa: S104


def reachable() -> tuple[str, int]:
    """The gateway's host and port, for a connection from this machine."""
    listen = GATEWAY_LISTEN[0]
    host = str(listen.host)
    return (LOOPBACK if host in ALL_INTERFACES else host), int(listen.port)
