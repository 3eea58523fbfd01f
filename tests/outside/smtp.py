"""A real SMTP server that answers as it is told, and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from aiosmtpd.smtp import Envelope, Session

CUT = "CUT"
"""Instead of a reply: close the connection."""


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came: envelope and content, whatever was answered to it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool


@dataclass
class SmtpSink:
    """What the server is to answer, and what came.

    `replies` are used up, command by command; when there are none left, all is well. A reply to
    "DATA" follows the final dot, one to "BEFORE DATA" the command itself. `accepted` holds the
    mails that were answered with 250, `received` all that came up to the final dot.
    """

    replies: dict[str, deque[str]] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds between the final dot and its answer."""
    logins: dict[str, str] = field(default_factory=dict)
    port: int = 0
    received: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def will_answer(self, command: str, *replies: str) -> None:
        """Answer the next commands of this name so."""
        self.replies.setdefault(command, deque()).extend(replies)

    def next_reply(self, command: str, otherwise: str) -> str:
        self.commands.append(command)
        replies = self.replies.get(command)
        return replies.popleft() if replies else otherwise

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.next_reply("MAIL", "250 OK")
        if reply == CUT:
            _cut(server)
        envelope.mail_from, envelope.mail_options = address, options
        return reply

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.next_reply("RCPT", "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_RSET(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        return self.next_reply("RSET", "250 OK")

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        mail = Received(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            envelope.original_content or b"",
            encrypted=session.ssl is not None,
        )
        self.received.append(mail)
        reply = self.next_reply("DATA", "250 taken")
        await asyncio.sleep(self.delay)
        if reply == CUT:
            _cut(server)
        elif reply.startswith("250"):
            self.accepted.append(mail)
        return reply

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        self.commands.append("AUTH")
        known = isinstance(login, LoginPassword) and self._knows(login)
        return AuthResult(success=known, handled=False)

    def _knows(self, login: LoginPassword) -> bool:
        return self.logins.get(login.login.decode()) == login.password.decode()


def _cut(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class _Server(SMTP):
    """Lets the sink have a word before the content comes, for which aiosmtpd has no hook."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        reply = self.event_handler.next_reply("BEFORE DATA", "354")
        if reply == "354":
            await super().smtp_DATA(arg)
        elif reply == CUT:
            await self.push("354 go ahead")
            _cut(self)
        else:
            await self.push(reply)


@contextmanager
def smtp_sink(tls: ssl.SSLContext | None = None, *, utf8: bool = True) -> Iterator[SmtpSink]:
    """A sink on a free port of 127.0.0.1; with `tls` it offers STARTTLS."""
    sink = SmtpSink()
    loop = asyncio.new_event_loop()

    def connected() -> _Server:
        sink.connections += 1
        return _Server(
            sink,
            enable_SMTPUTF8=utf8,
            tls_context=tls,
            authenticator=sink.authenticate,
            auth_require_tls=True,
            loop=loop,
        )

    server = loop.run_until_complete(loop.create_server(connected, "127.0.0.1", 0))
    sink.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield sink
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end_all())
        loop.close()


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
