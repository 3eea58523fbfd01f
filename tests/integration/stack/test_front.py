"""The front passes requests on unchanged, and answers 502 if there is no gateway."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from aiohttp import web

from stack.front import MAX_POLLS, application
from stack.outputs import Outputs
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ABC = b"abc" * 500_000


@contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """`app` on a free port, in another thread."""
    port = free_port()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app)

    async def begin() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(runner.cleanup())
    loop.close()


async def echo(request: web.Request) -> web.StreamResponse:
    """A gateway that answers with the request it got."""
    if request.path == "/stage/nothing":
        return web.json_response(
            {"message": "Missing Authentication Token"},
            status=403,
            headers={"x-amzn-ErrorType": "MissingAuthenticationTokenException"},
        )
    if request.path == "/stage/large":
        return web.Response(body=ABC)
    if request.path == "/stage/empty":
        return web.Response(headers={"Content-Length": "0"})
    body = await request.read()
    seen = {
        "method": request.method,
        "path": request.raw_path,
        "headers": [[name.lower(), value] for name, value in request.headers.items()],
        "length": len(body),
        "body": body[:100].decode("latin-1"),
    }
    return web.Response(
        status=418,
        reason="Short and stout",
        headers={"X-One": "1", "Content-Type": "application/problem+json"},
        body=json.dumps(seen).encode(),
    )


@pytest.fixture
def gateway() -> Iterator[str]:
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", echo)
    with serving(app) as url:
        yield url


@pytest.fixture
def front(tmp_path: Path) -> Iterator[str]:
    with serving(application(tmp_path)) as url:
        yield url


def deployed_at(url: str, state: Path) -> None:
    Outputs(f"{url}/stage", "b", "q", "a", "p").write(state)


def ask(method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request(method, url, redirect=False, **options)


def test_method_path_headers_and_body_arrive_as_sent(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    sent = {"Content-Type": "application/json", "X-Mine": "yes", "Accept": "text/plain"}
    answer = ask("PATCH", f"{front}/jobs/a%2Fb%20c?x=%C3%A9&y=1+2", headers=sent, body=b'{"a": 1}')
    seen = answer.json()
    headers = dict(seen["headers"])
    assert seen["method"] == "PATCH"
    assert seen["path"] == "/stage/jobs/a%2Fb%20c?x=%C3%A9&y=1+2"
    assert seen["body"] == '{"a": 1}'
    assert {name: headers[name.lower()] for name in sent} == sent
    assert headers["host"] == front.removeprefix("http://")


def test_status_reason_and_headers_come_back_as_sent(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    answer = ask("GET", f"{front}/jobs")
    assert (answer.status, answer.reason) == (418, "Short and stout")
    assert answer.headers["X-One"] == "1"
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_length_that_a_get_would_have_is_not_said_to_be_nothing(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    assert ask("GET", f"{front}/empty").headers["Content-Length"] == "0"
    headers = ask("HEAD", f"{front}/empty").headers
    assert not {"Content-Length", "Transfer-Encoding"} & set(headers)
    assert ask("HEAD", f"{front}/large").headers["Content-Length"] == str(len(ABC))


def test_large_bodies_go_through_in_both_directions(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    assert ask("POST", f"{front}/jobs", body=ABC).json()["length"] == len(ABC)
    assert ask("POST", f"{front}/jobs", body=iter([ABC])).json()["length"] == len(ABC)
    assert ask("GET", f"{front}/large").data == ABC


def test_a_request_without_a_body_is_passed_on_without_one(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    headers = dict(ask("GET", f"{front}/jobs").json()["headers"])
    assert "transfer-encoding" not in headers
    assert "content-type" not in headers


def test_what_the_gateway_itself_says_is_told_as_the_template_has_it(
    front: str, gateway: str, tmp_path: Path
) -> None:
    deployed_at(gateway, tmp_path)
    answer = ask("GET", f"{front}/nothing")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:problem-type:sluice:route-not-found"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_without_a_deployment_there_is_no_gateway(front: str) -> None:
    answer = ask("GET", f"{front}/health")
    assert answer.status == 502
    assert answer.json() == {
        "type": "urn:problem-type:sluice:no-gateway",
        "title": "Bad Gateway",
        "status": 502,
        "detail": "Nothing is deployed: see `make status`, or run `make deploy`.",
    }


def test_a_gateway_that_is_down_is_said_to_be(front: str, tmp_path: Path) -> None:
    deployed_at(f"http://127.0.0.1:{free_port()}", tmp_path)
    answer = ask("POST", f"{front}/jobs", body=b"{}")
    assert answer.status == 502
    assert answer.json()["detail"].startswith("The gateway does not answer: ")


def test_a_new_deployment_is_used_at_once(front: str, gateway: str, tmp_path: Path) -> None:
    deployed_at(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert ask("GET", f"{front}/jobs").status == 502
    deployed_at(gateway, tmp_path)
    assert ask("GET", f"{front}/jobs").status == 418


def told(url: str, target: str, header: bytes = b"X: y") -> tuple[int, str]:
    """Status and body of the answer to a request with `target` in its request line."""
    address = url.removeprefix("http://")
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode())
        connection.sendall(header + b"\r\n\r\n")
        head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def test_a_whole_url_is_taken_for_its_path(front: str, gateway: str, tmp_path: Path) -> None:
    deployed_at(gateway, tmp_path)
    status, body = told(front, "GET http://example.com/jobs/a%2Fb?x=%C3%A9")
    assert (status, json.loads(body)["path"]) == (418, "/stage/jobs/a%2Fb?x=%C3%A9")


@pytest.mark.parametrize("target", ["OPTIONS *", "CONNECT example.com:443"])
def test_what_names_no_address_is_told_so_in_a_problem_document(
    front: str, gateway: str, tmp_path: Path, target: str
) -> None:
    deployed_at(gateway, tmp_path)
    status, body = told(front, target)
    assert (status, json.loads(body)["type"]) == (404, "urn:problem-type:sluice:route-not-found")


@pytest.mark.parametrize(
    "value",
    ["Jürgen", "😀", "a\tb", "%C3%BC", "=?utf-8?Q?=C3=BC?=", '"\\" \'', "a,b; c=d", "\u202e"],
)
def test_value_of_a_header_arrives_as_sent(
    front: str, gateway: str, tmp_path: Path, value: str
) -> None:
    deployed_at(gateway, tmp_path)
    status, body = told(front, "GET /jobs", f"Idempotency-Key: {value}".encode())
    assert status == 418
    assert dict(json.loads(body)["headers"])["idempotency-key"] == value


@pytest.mark.parametrize("value", [b"J\xfcrgen", b"\xff\xfe", b"\xed\xa0\x80", b"a\xc3"])
def test_value_of_a_header_that_would_be_changed_is_refused_by_name(
    front: str, gateway: str, tmp_path: Path, value: bytes
) -> None:
    deployed_at(gateway, tmp_path)
    status, body = told(front, "GET /jobs", b"Idempotency-Key: " + value)
    assert status == 400
    assert json.loads(body)["detail"] == "The header Idempotency-Key is not UTF-8 text."


def test_more_waits_than_may_be_are_refused_before_they_reach_the_gateway(tmp_path: Path) -> None:
    arrived = threading.Semaphore(0)
    go_on = threading.Event()

    async def wait(request: web.Request) -> web.Response:
        if request.path.endswith("/events"):
            arrived.release()
            await asyncio.to_thread(go_on.wait)
        return web.Response()

    gateway = web.Application()
    gateway.router.add_route("*", "/{path:.*}", wait)
    with (
        serving(gateway) as url,
        serving(application(tmp_path)) as front,
        ThreadPoolExecutor(MAX_POLLS) as clients,
    ):
        try:
            deployed_at(url, tmp_path)
            poll = f"{front}/jobs/7/events"
            waiting = [clients.submit(ask, "GET", poll) for _ in range(MAX_POLLS)]
            for _ in waiting:
                assert arrived.acquire(timeout=20)
            for target in (poll, f"{poll}?wait=20", f"{front}/jobs//events"):
                refused = ask("GET", target)
                assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
                assert refused.json()["type"] == "urn:problem-type:sluice:too-many-polls"
            for path in (
                "/jobs",
                "/jobs/7",
                "/health",
                "/jobs/7/events/",
                "/jobs?x=/jobs/7/events",
            ):
                assert ask("POST", f"{front}{path}").status == 200
        finally:
            go_on.set()
        assert {each.result().status for each in waiting} == {200}
        assert ask("GET", poll).status == 200


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_browser_that_opens_the_api_gets_to_the_reference(
    front: str, gateway: str, tmp_path: Path
) -> None:
    answer = ask("GET", f"{front}/", headers={"Accept": BROWSER})
    assert (answer.status, answer.headers["Location"]) == (302, "/docs")
    assert answer.headers["Vary"] == "Accept"
    deployed_at(gateway, tmp_path)
    assert ask("GET", f"{front}/jobs", headers={"Accept": BROWSER}).status == 418


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html", ""])
def test_program_at_the_root_is_answered_by_the_gateway(
    front: str, gateway: str, tmp_path: Path, accept: str
) -> None:
    deployed_at(gateway, tmp_path)
    assert ask("GET", f"{front}/", headers={"Accept": accept}).status == 418
