"""The Lambda Runtime API, as AWS documents it, on one loopback port for each process.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_process.invocation import Invocation

LOOPBACK = "127.0.0.1"
ROOT = "/2018-06-01/runtime/"
log = logging.getLogger(__name__)
MAX_ANSWER_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True, slots=True)
class Ready:
    """The process asks for its next invocation."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The function returned a value; `body` is the value as JSON."""

    request_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Raised:
    """The function raised an error; without a `request_id`, while it was loaded."""

    request_id: str | None
    body: bytes
    error_type: str


Event = Ready | Answered | Raised


class RuntimeApi:
    """Serves one process; each event of the process goes to `on_event`, in another thread."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.on_event = on_event
        self.next: SimpleQueue[Invocation | None] = SimpleQueue()
        self.current: str | None = None
        self._server = _Server(self)
        threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="lambda-runtime-api",
            daemon=True,
        ).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"{LOOPBACK}:{self._server.server_address[1]}"

    def dispatch(self, invocation: Invocation) -> None:
        """Give the process its next invocation."""
        self.current = invocation.request_id
        self.next.put(invocation)

    def end_invocations(self) -> None:
        """Answer the process's request for an invocation with an error, which ends the process."""
        self.next.put(None)

    def close(self) -> None:
        """Stop serving, after the process has ended."""
        self.end_invocations()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__((LOOPBACK, 0), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log it: the connection of a process that is killed can break at any point."""
        log.debug("the connection of %s broke", client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection; each answer is one packet, because two take 40 ms (Nagle's algorithm)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{ROOT}invocation/next":
            self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)
            return
        api = self.server.api
        api.on_event(Ready())
        invocation = api.next.get()
        if invocation is None:
            self._refuse(HTTPStatus.GONE, "ShuttingDown", "there is no next invocation")
            return
        self._answer(HTTPStatus.OK, invocation.payload, _headers(invocation))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        if length is None:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "LengthRequired", "streaming is not served")
            return
        body = self.rfile.read(int(length))
        match self.path.removeprefix(ROOT).split("/"):
            case ["init", "error"]:
                self._report(Raised(None, body, self._error_type()))
            case ["invocation", request_id, "response" | "error"] if (
                request_id != self.server.api.current
            ):
                self._refuse(HTTPStatus.BAD_REQUEST, "InvalidRequestID", request_id)
            case ["invocation", request_id, "response"] if len(body) > MAX_ANSWER_BYTES:
                self._too_large(request_id, len(body))
            case ["invocation", request_id, "response"]:
                self._report(Answered(request_id, body))
            case ["invocation", request_id, "error"]:
                self._report(Raised(request_id, body, self._error_type()))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)

    def _report(self, event: Answered | Raised) -> None:
        self.server.api.on_event(event)
        self._answer(HTTPStatus.ACCEPTED, b'{"status":"OK"}')

    def _too_large(self, request_id: str, size: int) -> None:
        error_type = "Function.ResponseSizeTooLarge"
        message = f"Response payload size ({size} bytes) exceeded {MAX_ANSWER_BYTES} bytes."
        document = {"errorType": error_type, "errorMessage": message}
        self.server.api.on_event(Raised(request_id, json.dumps(document).encode(), error_type))
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", message)

    def _error_type(self) -> str:
        return self.headers.get("Lambda-Runtime-Function-Error-Type") or "Unhandled"

    def _refuse(self, status: HTTPStatus, error_type: str, message: str) -> None:
        self.close_connection = True
        body = {"errorType": error_type, "errorMessage": message}
        self._answer(status, json.dumps(body).encode())

    def _answer(
        self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _headers(invocation: Invocation) -> dict[str, str]:
    deadline = int((time.time() + invocation.seconds) * 1000)
    headers = {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(deadline),
        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
    }
    if invocation.trace_id:
        headers["Lambda-Runtime-Trace-Id"] = invocation.trace_id
    return headers
