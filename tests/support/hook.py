"""A server that is told things over HTTP, and keeps what it was told."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Told:
    """One request. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Hook:
    """`url` is where it listens; `seen` is what came, in that order.

    It answers with the next of `statuses`, then with 204. A redirect is to `elsewhere`, a path
    of its own.
    """

    url: str
    seen: list[Told] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    elsewhere: str = "/elsewhere"


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[Hook]:
    """A hook on a free port of `host`, an address of this machine."""
    with ThreadingHTTPServer((host, 0), _Handler) as server:
        server.hook = Hook(f"http://{host}:{server.server_port}/hook")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.hook  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook: Hook = self.server.hook  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        hook.seen.append(Told(self.command, self.path, headers, body))
        status = hook.statuses.pop(0) if hook.statuses else 204
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", hook.elsewhere)
        self.end_headers()

    # Whoever follows a 302 comes with a GET.
    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass
