"""A proxy before PostgreSQL in which no session chooses settings, as PgBouncer and RDS Proxy."""

from __future__ import annotations

import socket
import struct
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PGBOUNCER = "unsupported startup parameter: options"
RDS_PROXY = "Feature not supported: RDS Proxy currently doesn\u2019t support command-line options."

_PROTOCOL = 3 << 16


@dataclass
class Pooler:
    """Forwards to `target`, a port of 127.0.0.1; `refused` are the first messages that it refused,
    in the words of `complaint`."""

    target: int
    complaint: str
    port: int = 0
    refused: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            Thread(target=self._session, args=(client,), daemon=True).start()

    def _session(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            first = _first_message(client)
            if b"\0options\0" in first:
                self.refused.append(first)
                client.sendall(_error(self.complaint))
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                server.sendall(first)
                back = Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _first_message(client: socket.socket) -> bytes:
    """The message that opens the session; questions for encryption are denied."""
    while True:
        head = client.recv(8, socket.MSG_WAITALL)
        length, code = struct.unpack("!II", head)
        rest = client.recv(length - 8, socket.MSG_WAITALL) if length > len(head) else b""
        if code == _PROTOCOL:
            return head + rest
        client.sendall(b"N")


def _error(text: str) -> bytes:
    fields = b"SFATAL\0C08P01\0M" + text.encode() + b"\0\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def pooler(target: int, complaint: str) -> Iterator[Pooler]:
    """A proxy before the server on `target`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Pooler(target, complaint, listener.getsockname()[1])
        thread = Thread(target=made.serve, args=(listener,))
        thread.start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
