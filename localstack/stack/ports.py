"""TCP ports of this machine: free ones, and who holds one that is not."""

from __future__ import annotations

import socket

import psutil

from stack.waiting import NotReadyError

LOOPBACK = "127.0.0.1"


class PortTakenError(NotReadyError):
    """A port that a part needs is held by another process."""


def free_port() -> int:
    """A port that nothing listens on, as the operating system picks it."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def listens(port: int, host: str = LOOPBACK) -> bool:
    """Whether something accepts connections on `host`:`port`."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def bindable(port: int) -> bool:
    """Whether a server could listen on loopback `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def claim_port(port: int, what: str) -> None:
    """Raise `PortTakenError`, which names the holder, unless `what` could listen on `port`."""
    if not bindable(port):
        raise PortTakenError(f"{what} needs port {port}, which {holder(port)} holds")


def holder(port: int) -> str:
    """The process that listens on `port`, as `name (pid 123)`, as far as it can be seen."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        connections = []
    for connection in connections:
        if (
            connection.status != psutil.CONN_LISTEN
            or getattr(connection.laddr, "port", None) != port
        ):
            continue
        if connection.pid is None:
            break
        try:
            return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
        except psutil.NoSuchProcess:
            continue
    return "a process of another user"
