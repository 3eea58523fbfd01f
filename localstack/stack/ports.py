"""TCP ports of this machine: find a free one, or the process that holds one."""

from __future__ import annotations

import socket

import psutil

from stack.waiting import NotReadyError

LOOPBACK = "127.0.0.1"


class PortTakenError(NotReadyError):
    """Another process holds a port that a part needs."""


def free_port() -> int:
    """A port on which nothing listens; the operating system picks it."""
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
    """Raise `PortTakenError`, which names the holder of `port`, unless `what` can listen on it."""
    if not bindable(port):
        raise PortTakenError(f"{what} needs port {port}, which {holder(port)} holds")


def holder(port: int) -> str:
    """The process that listens on `port`, as `name (pid 123)`, if this user may see it."""
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
