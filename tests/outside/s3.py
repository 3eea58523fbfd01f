"""As much of S3 as writing once needs, over HTTP, with the faults it is told to have."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CUT = -1
"""Instead of a status: do the work, and close the connection without an answer."""

_CODES = {
    403: "AccessDenied",
    404: "NoSuchKey",
    409: "ConditionalRequestConflict",
    412: "PreconditionFailed",
    500: "InternalError",
    503: "SlowDown",
}


@dataclass
class S3Stub:
    """What is to be answered, and what was written. `faults` are used up by the next writes,
    and by the next questions for what is not there."""

    faults: deque[int] = field(default_factory=deque)
    url: str = ""
    objects: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    writes: int = 0
    """Writes asked for."""
    _lock: Lock = field(default_factory=Lock)

    def put(self, path: str, body: bytes, checksum: str) -> int:
        """Write once; return the status to answer."""
        with self._lock:
            self.writes += 1
            fault = self.faults.popleft() if self.faults else 200
            if fault not in (200, CUT):
                return fault
            if path in self.objects:
                return 412
            self.objects[path] = (body, checksum)
            return fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: S3Stub

    def do_PUT(self) -> None:
        assert self.headers["If-None-Match"] == "*"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.stub.put(self.path, body, self.headers["x-amz-checksum-sha256"]))

    def do_HEAD(self) -> None:
        found = self.stub.objects.get(self.path)
        if found is None:
            self._answer(self.stub.faults.popleft() if self.stub.faults else 404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(found[0])))
        self.send_header("x-amz-checksum-sha256", found[1])
        self.end_headers()

    def _answer(self, status: int) -> None:
        if status == CUT:
            self.close_connection = True
            return
        code = _CODES.get(status)
        body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>" if code else ""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def s3_stub() -> Iterator[S3Stub]:
    """A stub on a free port of 127.0.0.1."""
    stub = S3Stub()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stub": stub})) as s:
        stub.url = f"http://127.0.0.1:{s.server_port}"
        thread = Thread(target=s.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stub
        finally:
            s.shutdown()
            thread.join()
