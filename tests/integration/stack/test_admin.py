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
from botocore.exceptions import ClientError

from stack import admin
from stack.admin import AdminError
from stack.keys import Keys
from stack.sam import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reply(NamedTuple):
    """What Lambda answers to an invocation. `failed`: the function ended with an error."""

    body: object
    status: int = 200
    failed: bool = False


BUSY = Reply({"Type": "User", "message": "Rate Exceeded"}, 429)


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


def test_keys_are_managed_by_actions_of_the_function(aws: Lambda) -> None:
    keys = Keys(aws.client, "sluice-prod-poller")
    aws.replies.extend(Reply({"output": text}) for text in ("sluice_1_2", "table", "1 is revoked"))
    said = [keys.create("ann", "submit, read"), keys.list(), keys.revoke("1")]
    assert said == ["sluice_1_2", "table", "1 is revoked"]
    assert aws.seen == [
        ("sluice-prod-poller", {"admin": each})
        for each in (
            {"action": "create-key", "owner": "ann", "scopes": ["submit", "read"]},
            {"action": "list-keys"},
            {"action": "revoke-key", "id": "1"},
        )
    ]


def test_an_action_that_is_refused_says_why(aws: Lambda) -> None:
    aws.replies.append(Reply({"error": "there is no key '1': see the list"}))
    with pytest.raises(AdminError, match="there is no key '1'"):
        Keys(aws.client, "poller").revoke("1")


def test_a_function_that_fails_says_how(aws: Lambda) -> None:
    broken = {"errorMessage": "Unable to import module 'poller.handler'", "errorType": "Import"}
    aws.replies.append(Reply(broken, failed=True))
    with pytest.raises(AdminError, match="Unable to import module"):
        Keys(aws.client, "poller").list()


def test_a_poller_that_is_free_is_waited_for(
    aws: Lambda, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(admin, "BUSY_PAUSE_SECONDS", 0.0)
    aws.replies.extend([BUSY, BUSY, Reply({"output": "table"})])
    assert Keys(aws.client, "poller").list() == "table"
    assert capsys.readouterr().out.count("at work") == 1


def test_it_is_not_waited_for_for_ever(aws: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MAX_BUSY_SECONDS", -1.0)
    aws.replies.append(BUSY)
    with pytest.raises(ClientError, match="TooManyRequests"):
        Keys(aws.client, "poller").list()


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
