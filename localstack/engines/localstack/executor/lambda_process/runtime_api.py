"""The Lambda Runtime API, as AWS documents it, for one process on a loopback port of its own.

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
ANSWER_LIMIT = 6 * 1024 * 1024 + 100


@dataclass(frozen=True, slots=True)
class Ready:
    """The process asks for its next invocation."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The function returned: `body` is what it returned, as JSON."""

    request_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Raised:
    """The function raised; without a request id the function could not even be loaded."""

    request_id: str | None
    body: bytes
    error_type: str


Said = Ready | Answered | Raised


class RuntimeApi:
    """Serves one process. What the process says is handed to `hear`, from a thread of its own."""

    def __init__(self, hear: Callable[[Said], None]) -> None:
        self.hear = hear
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

    def no_more(self) -> None:
        """Answer the request for a next invocation with an error, at which the process ends."""
        self.next.put(None)

    def close(self) -> None:
        """Stop serving; the process has ended."""
        self.no_more()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__((LOOPBACK, 0), _Conversation)

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that is killed leaves its connection in the middle of anything."""
        log.debug("a conversation with %s broke off", client_address)


class _Conversation(BaseHTTPRequestHandler):
    """One connection. Answers leave in one packet: two, with Nagle, take 40 ms."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{ROOT}invocation/next":
            self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)
            return
        api = self.server.api
        api.hear(Ready())
        invocation = api.next.get()
        if invocation is None:
            self._refuse(HTTPStatus.GONE, "ShuttingDown", "there is no next invocation")
            return
        self._say(HTTPStatus.OK, invocation.payload, _headers(invocation))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        if length is None:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "LengthRequired", "streaming is not served")
            return
        body = self.rfile.read(int(length))
        match self.path.removeprefix(ROOT).split("/"):
            case ["init", "error"]:
                self._hear(Raised(None, body, self._error_type()))
            case ["invocation", request_id, "response" | "error"] if (
                request_id != self.server.api.current
            ):
                self._refuse(HTTPStatus.BAD_REQUEST, "InvalidRequestID", request_id)
            case ["invocation", request_id, "response"] if len(body) > ANSWER_LIMIT:
                self._too_large(request_id, len(body))
            case ["invocation", request_id, "response"]:
                self._hear(Answered(request_id, body))
            case ["invocation", request_id, "error"]:
                self._hear(Raised(request_id, body, self._error_type()))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "UnknownPath", self.path)

    def _hear(self, said: Answered | Raised) -> None:
        self.server.api.hear(said)
        self._say(HTTPStatus.ACCEPTED, b'{"status":"OK"}')

    def _too_large(self, request_id: str, size: int) -> None:
        error_type = "Function.ResponseSizeTooLarge"
        message = f"Response payload size ({size} bytes) exceeded {ANSWER_LIMIT} bytes."
        document = {"errorType": error_type, "errorMessage": message}
        self.server.api.hear(Raised(request_id, json.dumps(document).encode(), error_type))
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", message)

    def _error_type(self) -> str:
        return self.headers.get("Lambda-Runtime-Function-Error-Type") or "Unhandled"

    def _refuse(self, status: HTTPStatus, error_type: str, message: str) -> None:
        self.close_connection = True
        body = {"errorType": error_type, "errorMessage": message}
        self._say(status, json.dumps(body).encode())

    def _say(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
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
