"""The way out to addresses that clients have named: to the public internet, and nowhere else."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Event, Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jobs.core.errors import AttemptFailed, PermanentFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from ipaddress import IPv4Network

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

SECONDS = 15.0
"""From the question for the address to the last header of the answer."""

_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")


class PublicHttpClient:
    """`PublicHttp` by HTTP/1.1. A name is resolved once, its address is judged, and that address is
    connected to, so that no second answer of its name server can lead elsewhere.

    `allowed`: networks that are let in although they are not public.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        *,
        seconds: float = SECONDS,
        resolve: Callable[[str, int], list[str]] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._resolve = resolve or _resolve
        self._context = context

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status that is answered; a redirect is an answer like any other."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        tls, until = parts.scheme == "https", time.monotonic() + self._seconds
        address = self._address(host, port)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with (
                closing(socket.create_connection((address, port), _left(until))) as plain,
                closing(self._secured(plain, host, until) if tls else plain) as sock,
                _cut_after(_left(until), sock) as cut,
                closing(HTTPConnection(host, port)) as connection,
            ):
                # What is said to be the default port is left out of the header Host.
                connection.default_port = _PORTS[parts.scheme]
                connection.sock = sock
                connection.response_class = _Final
                connection.request("POST", target, body, dict(headers))
                status = connection.getresponse().status
                if cut.is_set():
                    # What had come by then reads like an answer.
                    raise AttemptFailed("the callback was not answered in time")
                return status
        except (OSError, HTTPException, ValueError) as error:
            raise AttemptFailed(f"the callback failed: {type(error).__name__}: {error}") from error

    def _address(self, host: str, port: int) -> str:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise AttemptFailed(f"the callback's host {host!r} is not known: {error}") from error
        for each in found:
            address = ip_address(each.partition("%")[0])
            if not is_public(address) and not any(address in net for net in self._allowed):
                # Which address it is would tell a stranger about the network.
                message = f"the callback's host {host!r} is not on the public internet"
                raise PermanentFailure(message)
        return found[0]

    def _secured(self, plain: socket.socket, host: str, until: float) -> ssl.SSLSocket:
        context = self._context or ssl.create_default_context()
        # The handshake as a whole may take as long as one read.
        plain.settimeout(_left(until))
        return context.wrap_socket(plain, server_hostname=host)


class _Final(HTTPResponse):
    """The answer itself. What may come before it (1xx), asked for or not, is no answer."""

    def begin(self) -> None:
        super().begin()
        while self.status < HTTPStatus.OK and self.status != HTTPStatus.SWITCHING_PROTOCOLS:
            # What is not there yet is read.
            self.headers = None  # type: ignore[assignment]
            super().begin()


def is_public(address: Address) -> bool:
    """Whether `address`, and what it may stand for by tunnel or translation, is public."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _left(until: float) -> float:
    """Seconds until then. Raises `TimeoutError` when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


@contextmanager
def _cut_after(seconds: float, sock: socket.socket) -> Iterator[Event]:
    """Break the connection off: a server that sends a byte now and then would hold it for ever.

    Gives what tells whether it was.
    """
    done = Event()

    def cut() -> None:
        done.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield done
    finally:
        timer.cancel()
