"""A TCP proxy on loopback that has the faults of a network when it is told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection, as a crash of the other end would."""


@dataclass
class Drop:
    """Requests that hold `pattern` get no answer, the connection is cut instead.

    Every `every`-th of them, `times` in all. `executed`: the server had answered, so it did what
    it was asked; otherwise the cut comes while it may still be at it.
    """

    pattern: bytes
    every: int = 1
    times: int = 1_000_000
    executed: bool = True
    seen: int = 0
    dropped: int = 0

    def wants(self, sent: bytes) -> bool:
        if self.pattern not in sent or self.dropped >= self.times:
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.dropped += 1
        return True


@dataclass
class Proxy:
    """Forwards `port` of 127.0.0.1 to `target`, a port there; its faults may be set at any time."""

    target: int
    port: int = 0
    delay: float = 0.0
    """Seconds before anything is passed on to the server."""
    cut_after_bytes: int | None = None
    """Bytes of the server's that may pass before the connection is cut."""
    drop: Drop | None = None
    connections: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _flowing: Event = field(default_factory=Event)
    _closed: bool = False
    _lock: Lock = field(default_factory=Lock)
    _threads: list[Thread] = field(default_factory=list)

    def blackhole(self) -> None:
        """Take whatever comes, and pass nothing on: nobody answers, nobody hangs up."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again, what was held back too."""
        self._flowing.set()

    def cut(self) -> None:
        """Reset every open connection."""
        with self._lock:
            for each in [*self._open]:
                _reset(each)
            self._open.clear()

    def drop_reply_after(self, pattern: bytes, *, every: int = 1, times: int = 1_000_000) -> Drop:
        """The server does what a request with `pattern` asks for, and its answer is lost."""
        self.drop = Drop(pattern, every, times)
        return self.drop

    def drop_at(self, pattern: bytes, *, every: int = 1, times: int = 1_000_000) -> Drop:
        """As `drop_reply_after`, with the connection lost before the server is done."""
        self.drop = Drop(pattern, every, times, executed=False)
        return self.drop

    def listen(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                server.settimeout(None)
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._open |= {client, server}
            link = _Link(self, client, server)
            self._threads += [Thread(target=link.up), Thread(target=link.down)]
            for thread in self._threads[-2:]:
                thread.start()

    def close(self) -> None:
        self._closed = True
        self.flow()
        self.cut()
        for thread in self._threads:
            thread.join()

    def forget(self, *ends: socket.socket) -> None:
        with self._lock:
            for end in ends:
                _reset(end)
                self._open.discard(end)

    def pass_on(self) -> bool:
        """Wait while nothing may pass; whether the connection goes on after that."""
        self._flowing.wait()
        if self.delay:
            time.sleep(self.delay)
        return not self._closed


@dataclass
class _Link:
    """One connection through the proxy: two directions, one end."""

    proxy: Proxy
    client: socket.socket
    server: socket.socket
    doomed: bool = False
    returned: int = 0

    def up(self) -> None:
        with contextlib.suppress(OSError):
            while (sent := self.client.recv(65536)) and self.proxy.pass_on():
                drop = self.proxy.drop
                if drop and drop.wants(sent):
                    self.doomed = drop.executed
                    self.server.sendall(sent)
                    if not drop.executed:
                        break
                else:
                    self.server.sendall(sent)
        if not self.doomed:
            self.proxy.forget(self.client, self.server)

    def down(self) -> None:
        with contextlib.suppress(OSError):
            while received := self.server.recv(65536):
                self.proxy._flowing.wait()
                self.returned += len(received)
                limit = self.proxy.cut_after_bytes
                if self.doomed or (limit is not None and self.returned > limit):
                    break
                self.client.sendall(received)
        self.proxy.forget(self.client, self.server)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """A proxy to `target` that passes everything on, until told otherwise."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as door:
        proxy = Proxy(target, door.getsockname()[1])
        proxy.flow()
        thread = Thread(target=proxy.listen, args=(door,))
        thread.start()
        try:
            yield proxy
        finally:
            door.shutdown(socket.SHUT_RDWR)
            proxy.close()
            thread.join()


def through(proxy: Proxy, url: str) -> str:
    """`url`, by way of `proxy`."""
    parts = urlsplit(url)
    host, _, _ = parts.netloc.rpartition(":")
    return urlunsplit(parts._replace(netloc=f"{host}:{proxy.port}"))


def behind(url: str) -> AbstractContextManager[Proxy]:
    """A proxy to the server that `url` names."""
    return proxied(urlsplit(url).port or 0)
