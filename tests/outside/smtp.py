"""A real SMTP server that answers as it is told, and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator

    from aiosmtpd.smtp import Envelope, Session

CUT = "CUT"
"""Instead of a reply, or behind one: close the connection."""


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
    "DATA" follows the final dot, one to "BEFORE DATA" the command itself, and one to "GREETING" no
    command. `mailboxes` are the replies for single recipients, after those to "RCPT". `accepted`
    holds the mails that were answered with 250, `received` all that came up to the final dot.
    """

    replies: dict[str, deque[str]] = field(default_factory=dict)
    mailboxes: dict[str, deque[str]] = field(default_factory=dict)
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

    def will_answer_for(self, address: str, *replies: str) -> None:
        """Answer so when this recipient is named."""
        self.mailboxes.setdefault(address, deque()).extend(replies)

    def next_reply(self, command: str, otherwise: str) -> str:
        self.commands.append(command)
        reply = self.told(command)
        return otherwise if reply is None else reply

    def told(self, command: str) -> str | None:
        """The reply that was ordered, if any is left."""
        replies = self.replies.get(command)
        return replies.popleft() if replies else None

    def deliveries(self) -> Counter[str]:
        """How often each recipient got a mail."""
        return Counter(address for mail in self.accepted for address in mail.recipients)

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
        own = self.mailboxes.get(address)
        reply = self.next_reply("RCPT", own.popleft() if own else "250 OK")
        if reply.endswith(CUT):
            await server.push(reply.removesuffix(CUT))
            _cut(server, whole=True)
        elif reply.startswith("25"):
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
            encrypted=_transport(server).get_extra_info("sslcontext") is not None,
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


def _cut(server: SMTP, *, whole: bool = False) -> None:
    """Close the connection. `whole`: what was said arrives before."""
    if whole:
        _transport(server).close()
    else:
        _transport(server).abort()


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


class _Server(SMTP):
    """Lets the sink have a word where aiosmtpd has no hook."""

    async def push(self, status: AnyStr) -> None:
        if isinstance(status, str) and status.startswith("220 ") and not self._greeted:
            self._greeted = True
            await super().push(self.event_handler.told("GREETING") or status)
        else:
            await super().push(status)

    _greeted = False

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        await self._unless_told("EHLO", super().smtp_EHLO, hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802
        await self._unless_told("HELO", super().smtp_HELO, hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        await self._unless_told("STARTTLS", super().smtp_STARTTLS, arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        await self._unless_told("AUTH", super().smtp_AUTH, arg)

    async def _unless_told(
        self, command: str, usual: Callable[[str], Awaitable[None]], arg: str
    ) -> None:
        reply = self.event_handler.told(command)
        if reply is None:
            await usual(arg)
        elif reply == CUT:
            _cut(self)
        else:
            await self.push(reply)

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
def smtp_sink(
    tls: ssl.SSLContext | None = None, *, implicit: bool = False, utf8: bool = True
) -> Iterator[SmtpSink]:
    """A sink on a free port of 127.0.0.1; with `tls` it offers STARTTLS, or has it from the first
    byte on (`implicit`)."""
    sink = SmtpSink()
    loop = asyncio.new_event_loop()

    def connected() -> _Server:
        sink.connections += 1
        return _Server(
            sink,
            enable_SMTPUTF8=utf8,
            tls_context=None if implicit else tls,
            authenticator=sink.authenticate,
            auth_require_tls=not implicit,
            loop=loop,
        )

    server = loop.run_until_complete(
        loop.create_server(connected, "127.0.0.1", 0, ssl=tls if implicit else None)
    )
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
