"""The servers that functions use: ours, or the user's own if a setting names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg2
import redis

from stack.ports import LOOPBACK, listens
from stack.servers.mail import Mail
from stack.servers.postgres import Postgres
from stack.servers.redis import Redis
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.servers.server import Server
    from stack.settings import Settings

LOOPBACK_NAMES = {"localhost", LOOPBACK}


@dataclass(frozen=True)
class Service:
    """A server at `address`; `server` is None if it is the user's own."""

    name: str
    address: str
    server: Server | None
    answers: Callable[[], bool]

    def require(self) -> None:
        """Raise `NotReadyError` if it is the user's own and does not answer."""
        if self.server is None and not self.answers():
            raise NotReadyError(f"{self.name}: {public(self.address)} does not answer")


def services(settings: Settings) -> tuple[Service, Service, Service]:
    """PostgreSQL, Redis and mail."""
    ports = settings.ports
    postgres = Postgres(settings.state, ports.postgres)
    valkey = Redis(settings.state, ports.redis)
    mail = Mail(settings.state, ports.mail, ports.mail_page, ports.mailbox)
    mail_host = settings.mail_host or LOOPBACK
    in_url = f"[{mail_host}]" if ":" in mail_host else mail_host
    named_mail = f"smtp://{in_url}:{ports.mail}"
    return (
        _service(postgres, settings.database_url, postgres.url(), _database_answers),
        _service(valkey, settings.redis_url, valkey.url(), _redis_answers),
        _service(
            mail,
            named_mail if settings.mail_host else None,
            f"smtp://{LOOPBACK}:{ports.mail}",
            _mail_answers,
        ),
    )


def public(url: str) -> str:
    """`url` without its user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _service(
    server: Server, named: str | None, ours: str, answers: Callable[[str], bool]
) -> Service:
    """Choose our server or the one that the URL `named` names.

    A URL that is our own server's (`make env` prints it) chooses ours, unless another process
    listens there.
    """
    foreign = server.process.find() is None and listens(server.port)
    if named is None or (_plain(named) == _plain(ours) and not foreign):
        return Service(server.name, ours, server, server.healthy)
    return Service(server.name, named, None, lambda: answers(named))


def _plain(url: str) -> tuple[str, str | None, str | None, str, int | None, str]:
    parts = urlsplit(url.replace("postgres://", "postgresql://", 1))
    host = LOOPBACK if parts.hostname in LOOPBACK_NAMES else str(parts.hostname)
    return (parts.scheme, parts.username, parts.password, host, parts.port, parts.path.strip("/"))


def _database_answers(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    parts = urlsplit(url)
    # redis-py knows no `cluster`; to see whether a cluster answers, one node is enough.
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != "cluster"])
    node = parts._replace(query=query).geturl()
    client = redis.Redis.from_url(node, socket_timeout=3, socket_connect_timeout=3)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _mail_answers(url: str) -> bool:
    parts = urlsplit(url)
    return listens(parts.port or 25, parts.hostname or LOOPBACK)
