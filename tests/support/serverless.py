"""ElastiCache Serverless on this machine: one node of a cluster, behind a proxy that refuses what
Serverless refuses by its documentation ("Supported and restricted commands", "Configuration and
limits").
"""

from __future__ import annotations

import contextlib
import socket
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO

from stack.ports import LOOPBACK, free_port
from support.cluster import SLOTS, Node

if TYPE_CHECKING:
    from pathlib import Path

MAX_ARGUMENTS = 3_999
"""Of one command, its name included."""

# Of the documented commands those of the kinds that are used here.
SUPPORTED = frozenset(
    [
        *("AUTH", "CLIENT GETNAME", "CLIENT REPLY", "CLIENT SETNAME", "ECHO", "HELLO", "PING"),
        *("QUIT", "RESET", "CLUSTER COUNTKEYSINSLOT", "CLUSTER GETKEYSINSLOT", "CLUSTER INFO"),
        *("CLUSTER KEYSLOT", "CLUSTER MYID", "CLUSTER NODES", "CLUSTER REPLICAS"),
        *("CLUSTER SHARDS", "CLUSTER SLOTS", "READONLY", "READWRITE"),
        *("COMMAND", "COMMAND COUNT", "COMMAND DOCS", "COMMAND INFO", "COMMAND LIST"),
        *("DBSIZE", "FLUSHALL", "FLUSHDB", "INFO", "TIME"),
        *("DEL", "EXISTS", "EXPIRE", "PEXPIRE", "PTTL", "SCAN", "TTL", "TYPE", "UNLINK"),
        *("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO"),
        *("SCRIPT EXISTS", "SCRIPT FLUSH", "SCRIPT LOAD"),
        *("GET", "GETDEL", "GETEX", "INCR", "INCRBY", "MGET", "MSET", "SET", "STRLEN"),
        *("ZADD", "ZCARD", "ZCOUNT", "ZINCRBY", "ZMSCORE", "ZPOPMAX", "ZPOPMIN", "ZRANGE"),
        *("ZRANGEBYSCORE", "ZRANK", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZSCAN"),
        *("ZSCORE", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"),
    ]
)
WITH_SUBCOMMANDS = {each.split()[0] for each in SUPPORTED if " " in each}
OF_THE_CLIENT_LIBRARY = frozenset({"CLIENT SETINFO", "CLIENT MAINT_NOTIFICATIONS"})
"""Refused like the others, though no mistake: redis-py sends them, and goes on without."""

Command = list[bytes]


class Serverless:
    """The node, and the proxy that is all that clients find. `refused`: what it has refused."""

    def __init__(self, folder: Path) -> None:
        self._door = socket.create_server((LOOPBACK, 0), backlog=64)
        self._node = Node(folder, free_port(), announced=self.port)
        self._open: list[socket.socket] = []
        self.refused: list[str] = []

    @property
    def port(self) -> int:
        """Of the proxy."""
        return int(self._door.getsockname()[1])

    def start(self) -> None:
        self._node.start()
        self._node.own(0, SLOTS - 1)
        self._node.settle(1)
        Thread(target=self._listen, daemon=True).start()

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for each in self._open:
            each.close()
        self._node.kill()

    def url(self) -> str:
        """As the functions have it in REDIS_URL."""
        return f"redis://{LOOPBACK}:{self.port}/0?cluster=true"

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection((LOOPBACK, self._node.port))
                self._open += [client, server]
                Thread(target=self._requests, args=(client, server), daemon=True).start()
                Thread(target=_replies, args=(server, client), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError), client.makefile("rb") as stream:
            while command := _read(stream):
                server.sendall(_written(self._allowed(command)))
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _allowed(self, command: Command) -> Command:
        """`command`, or one in its place that every server refuses: replies keep their order."""
        name = command[0].decode().upper()
        if name in WITH_SUBCOMMANDS and len(command) > 1:
            name = f"{name} {command[1].decode().upper()}"
        if name not in SUPPORTED:
            if name not in OF_THE_CLIENT_LIBRARY:
                self.refused.append(name)
            return [f"not supported: {name}".encode()]
        if len(command) > MAX_ARGUMENTS:
            self.refused.append(f"{name} with {len(command)} arguments")
            return [f"more than {MAX_ARGUMENTS} arguments".encode()]
        return command


def _replies(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while received := server.recv(65536):
            client.sendall(received)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _read(stream: BinaryIO) -> Command | None:
    """The next command: an array of bulk strings. None at the end."""
    head = stream.readline()
    if not head:
        return None
    command = []
    for _ in range(int(head[1:])):
        length = int(stream.readline()[1:])
        command.append(stream.read(length + 2)[:-2])
    return command


def _written(command: Command) -> bytes:
    words = [b"$%d\r\n%s\r\n" % (len(word), word) for word in command]
    return b"*%d\r\n%s" % (len(command), b"".join(words))
