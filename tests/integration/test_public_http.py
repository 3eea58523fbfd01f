"""Callbacks go to the public internet, and nowhere else, whatever a name server says."""

from __future__ import annotations

import ssl
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from socket import create_server, socketpair
from typing import TYPE_CHECKING

import pytest
import trustme

from jobs.adapters.public_http import PublicHttpClient, is_public
from jobs.core.errors import AttemptFailed, PermanentFailure
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = [ip_network("127.0.0.0/8")]

Seen = list[tuple[str, str, dict[str, str], bytes]]


@contextmanager
def server(
    status: int = 204, headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[int, Seen]]:
    """A server on loopback that answers with `status`: its port, and what it has seen."""
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.command, self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        if tls:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listening.server_port, seen
        finally:
            listening.shutdown()
            thread.join()


def test_a_request_arrives_as_it_was_sent() -> None:
    with server() as (port, seen):
        status = PublicHttpClient(LOOPBACK).post(
            f"http://127.0.0.1:{port}/a/b?c=d#e", b"body", {"X-One": "1"}
        )
    [(method, path, headers, body)] = seen
    assert (status, method, path, body) == (204, "POST", "/a/b?c=d", b"body")
    assert (headers["X-One"], headers["Host"]) == ("1", f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://[::1]", "[::1]"),
        ("http://[fd00::beef]", "[fd00::beef]"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://example.com:80", "example.com"),
        ("http://example.com:443", "example.com:443"),
        ("https://example.com", "example.com"),
        ("https://example.com:443", "example.com"),
        ("https://example.com:80", "example.com:80"),
    ],
)
def test_the_host_is_said_as_the_address_has_it(
    address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socketpair()
    monkeypatch.setattr("jobs.adapters.public_http.socket.create_connection", lambda *_: ours)
    monkeypatch.setattr(PublicHttpClient, "_secured", lambda _self, plain, *_: plain)
    theirs.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    with theirs:
        assert (
            PublicHttpClient(LOOPBACK, resolve=lambda *_: ["127.0.0.1"]).post(
                f"{address}/", b"", {}
            )
            == 204
        )
        lines = theirs.recv(65536).decode().split("\r\n")
    assert [line for line in lines if line.startswith("Host:")] == [f"Host: {said}"]


def test_a_redirect_is_not_followed() -> None:
    with server() as (inner, never), server(307, {"Location": f"http://127.0.0.1:{inner}/"}) as out:
        assert PublicHttpClient(LOOPBACK).post(f"http://127.0.0.1:{out[0]}/", b"", {}) == 307
    assert never == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204),
        ("102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
        (
            "103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
            "HTTP/1.1 410 Gone\r\n\r\n",
            410,
        ),
        ("101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101),
    ],
)
def test_what_comes_before_the_answer_is_not_taken_for_it(
    said: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = socketpair()
    monkeypatch.setattr("jobs.adapters.public_http.socket.create_connection", lambda *_: ours)
    with theirs:
        theirs.sendall(f"HTTP/1.1 {said}".encode())
        assert PublicHttpClient(LOOPBACK).post("http://127.0.0.1/", b"", {}) == status


def test_who_says_for_ever_that_an_answer_will_come_is_left() -> None:
    with create_server(("127.0.0.1", 0)) as busy:

        def promise() -> None:
            connection, _ = busy.accept()
            # Whoever leaves need not be noticed by a send that waits for room.
            connection.settimeout(1)
            with connection, suppress(OSError):
                while True:
                    connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")

        thread = threading.Thread(target=promise)
        thread.start()
        url = f"http://127.0.0.1:{busy.getsockname()[1]}/"
        with pytest.raises(AttemptFailed):
            PublicHttpClient(LOOPBACK, seconds=0.2).post(url, b"", {})
        thread.join()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_an_address_inside_is_refused_for_good(host: str) -> None:
    with (
        server() as (port, seen),
        pytest.raises(PermanentFailure, match="is not on the public internet"),
    ):
        PublicHttpClient().post(f"http://{host}:{port}/", b"", {})
    assert seen == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("64:ff9b::5db8:d822", True),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("240.0.0.1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
    ],
)
def test_what_is_public(address: str, *, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def test_one_private_address_among_others_is_enough() -> None:
    web = PublicHttpClient(resolve=lambda *_: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(PermanentFailure):
        web.post("http://example.com/", b"", {})


def test_a_name_is_asked_for_once_and_what_was_judged_is_connected_to() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return ["127.0.0.2" if len(asked) == 1 else "127.0.0.1"]

    with server() as (port, seen):
        # 127.0.0.2 is let in, and nothing listens there; 127.0.0.1 is not.
        web = PublicHttpClient([ip_network("127.0.0.2/32")], resolve=rebinding)
        with pytest.raises(AttemptFailed, match="ConnectionRefusedError"):
            web.post(f"http://rebinding.example:{port}/", b"", {})
    assert (asked, seen) == (["rebinding.example"], [])


def test_the_name_is_what_the_certificate_is_checked_for() -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("good.example").configure_cert(tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with server(200, tls=tls) as (port, seen):
        web = PublicHttpClient(LOOPBACK, resolve=lambda *_: ["127.0.0.1"], context=trusting)
        assert web.post(f"https://good.example:{port}/", b"", {}) == 200
        with pytest.raises(AttemptFailed, match="CertVerificationError"):
            web.post(f"https://bad.example:{port}/", b"", {})
        with pytest.raises(AttemptFailed, match="CertVerificationError"):
            PublicHttpClient(LOOPBACK, resolve=lambda *_: ["127.0.0.1"]).post(
                f"https://good.example:{port}/", b"", {}
            )
    assert len(seen) == 1


def test_who_does_not_answer_is_left() -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(AttemptFailed, match="the callback failed"):
            PublicHttpClient(LOOPBACK, seconds=0.2).post(url, b"", {})


def test_who_answers_a_byte_at_a_time_is_left_too() -> None:
    done = threading.Event()
    with create_server(("127.0.0.1", 0)) as slow:

        def drip() -> None:
            connection, _ = slow.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not done.wait(0.02):
                    try:
                        connection.sendall(b"y")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/"
        with pytest.raises(AttemptFailed):
            PublicHttpClient(LOOPBACK, seconds=0.3).post(url, b"", {})
        done.set()
        thread.join()


def test_the_time_is_for_all_of_it_together() -> None:
    """Each part on its own would be in time: an attempt that is not ends the whole poller."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("slow.example").configure_cert(tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    done = threading.Event()
    with create_server(("127.0.0.1", 0)) as slow:

        def greet_late() -> None:
            connection, _ = slow.accept()
            done.wait(0.8)
            with suppress(OSError), tls.wrap_socket(connection, server_side=True):
                done.wait()

        thread = threading.Thread(target=greet_late)
        thread.start()
        url = f"https://slow.example:{slow.getsockname()[1]}/"
        web = PublicHttpClient(
            LOOPBACK, seconds=1.0, resolve=lambda *_: ["127.0.0.1"], context=trusting
        )
        began = time.monotonic()
        with pytest.raises(AttemptFailed):
            web.post(url, b"", {})
        took = time.monotonic() - began
        done.set()
        thread.join()
    assert took < 1.6


def test_a_name_server_that_takes_too_long_leaves_no_time_to_connect() -> None:
    hesitating = threading.Event()

    def resolve(*_: object) -> list[str]:
        hesitating.wait(0.1)
        return ["127.0.0.1"]

    with server() as (port, seen), pytest.raises(AttemptFailed, match="timed out"):
        PublicHttpClient(LOOPBACK, seconds=0.05, resolve=resolve).post(
            f"http://slow.example:{port}/", b"", {}
        )
    assert seen == []


def test_nobody_listening_and_an_unknown_name_are_tried_again() -> None:
    with pytest.raises(AttemptFailed, match="ConnectionRefusedError"):
        PublicHttpClient(LOOPBACK).post(f"http://127.0.0.1:{free_port()}/", b"", {})
    with pytest.raises(AttemptFailed, match="is not known"):
        PublicHttpClient().post("http://nowhere.invalid/", b"", {})
    with pytest.raises(AttemptFailed, match="is not known"):
        PublicHttpClient().post(f"http://{'a' * 300}.example/", b"", {})
