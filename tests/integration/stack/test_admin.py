"""Admin actions as the functions answer them, and as Lambda does when they do not."""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest

from stack import admin
from stack.sam import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reply(NamedTuple):
    """What Lambda answers to an invocation. `failed`: the function ended with an error."""

    body: object
    status: int = 200
    failed: bool = False


class Lambda:
    """Lambda's Invoke over HTTP; `replies` are used up, `seen` has function and event of each."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self.seen: list[tuple[str, Any]] = []
        self.client: Any = None


@pytest.fixture
def aws() -> Iterator[Lambda]:
    made = Lambda()
    with listening(made) as url:
        made.client = boto3.client(
            "lambda",
            endpoint_url=url,
            config=admin.CALL,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield made


@contextmanager
def listening(made: Lambda) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.seen.append((self.path.split("/")[3], event))
            reply = made.replies.popleft()
            body = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(body)))
            if reply.status == 429:
                self.send_header("x-amzn-ErrorType", "TooManyRequestsException")
            if reply.failed:
                self.send_header("X-Amz-Function-Error", "Unhandled")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_deployment_that_can_work_is_good(aws: Lambda) -> None:
    aws.replies.extend([Reply({"problems": []})] * 2)
    admin.check(aws.client, "poller", "api")
    assert aws.seen == [(each, {"admin": {"action": "check"}}) for each in ("poller", "api")]


def test_all_that_is_wrong_with_a_deployment_is_named(aws: Lambda) -> None:
    aws.replies.append(Reply({"problems": ["MAIL_FROM: expected an address", "BUCKET: no"]}))
    aws.replies.append(Reply({"errorMessage": "Task timed out"}, failed=True))
    with pytest.raises(DeployError) as caught:
        admin.check(aws.client, "poller", "api")
    assert str(caught.value).splitlines()[1:] == [
        "MAIL_FROM: expected an address",
        "BUCKET: no",
        "api: Task timed out",
    ]
