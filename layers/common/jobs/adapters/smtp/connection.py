"""One connection to a mail server, and the commands of a mail transaction on it."""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Self

from jobs.adapters.smtp.replies import CLOSING, GO_AHEAD, LOGIN_FIRST, Refused, Reply, during
from jobs.core.errors import AttemptFailed, OutcomeUnknown

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from jobs.adapters.smtp.message import Message

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)

_NOT_THE_MAIL = " (this is not about the mail, which is tried again)"

_NO_SMTPUTF8 = Reply(
    553, "no international addresses are taken here: the server does not offer SMTPUTF8"
)

_LOST = "so the outcome is unknown, it may have arrived"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how to speak with it.

    `tls` None: in clear. `implicit`: encrypted from the first byte on, else by STARTTLS.
    """

    host: str
    port: int
    greeting_name: str
    tls: ssl.SSLContext | None
    implicit: bool
    login: tuple[str, str] | None

    def __str__(self) -> str:
        return f"mail server {self.host}:{self.port}"


class SmtpConnection:
    """A connection on which one mail after another is sent.

    As a context it is closed when something goes wrong, and only then. Every step up to the
    final dot has to end by `until` (monotonic clock). Raises `AttemptFailed` that names the step,
    and `Refused` where the server says no to the mail.
    """

    def __init__(self, server: Server, until: float) -> None:
        self._server = server
        self.until = until
        implicit = partial(smtplib.SMTP_SSL, context=server.tls)
        connect: Callable[..., smtplib.SMTP] = implicit if server.implicit else smtplib.SMTP
        with _before_the_mail("connect"):
            self._smtp = connect(
                server.host,
                server.port,
                local_hostname=server.greeting_name,
                timeout=self._left(),
            )

    def begin(self) -> None:
        """Introduce ourselves."""
        with _before_the_mail("EHLO"):
            self._step().ehlo_or_helo_if_needed()
        if self._server.tls is not None and not self._server.implicit:
            self._encrypt(self._server.tls)
        if self._server.login is not None:
            with _before_the_mail("AUTH"):
                self._step().login(*self._server.login)

    def announce(self, message: Message) -> None:
        """Begin a transaction (MAIL)."""
        options = [f"SIZE={len(message.content)}"] if self._smtp.has_extn("size") else []
        if message.utf8:
            if not self._smtp.has_extn("smtputf8"):
                raise Refused(_NO_SMTPUTF8)
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        reply = self._ask("MAIL", self._smtp.mail, message.sender, options)
        if not reply.is_yes:
            raise Refused(reply)

    def announces(self, message: Message, until: float) -> bool:
        """Begin a further transaction, if the connection is still good for it; else close it."""
        self.until = until
        try:
            with self:
                self.announce(message)
        except (AttemptFailed, Refused):
            # Nothing has been sent yet. A new connection will tell what is wrong, if it is.
            return False
        return True

    def name_recipients(self, recipients: Mapping[str, str]) -> dict[str, Reply]:
        """Name recipients (RCPT): the addresses, by the spelling that their replies are told by.

        A server that closes the connection, or loses it, has not been asked about those missing.
        """
        replies: dict[str, Reply] = {}
        for given, address in recipients.items():
            try:
                reply = self._ask("RCPT", self._smtp.rcpt, address)
            except AttemptFailed as error:
                reply = Reply(CLOSING, str(error))
            replies[given] = reply
            if reply.code == CLOSING:
                break
        return replies

    def deliver(self, content: bytes, patience: float) -> None:
        """Send the content, and wait up to `patience` seconds for the server to take it."""
        reply = self._ask("DATA", self._smtp.docmd, "DATA")
        if reply.code != GO_AHEAD:
            raise Refused(reply)
        with during("DATA"):
            self._step().send(_LEADING_DOT.sub(b"..", content) + b".\r\n")
        reply = self._final_reply(patience)
        if not reply.is_yes:
            raise Refused(reply)

    def leave(self) -> None:
        """Say goodbye, and close."""
        with suppress(OSError):
            self._wait(1)
            self._smtp.quit()
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._smtp.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.close()

    def _encrypt(self, tls: ssl.SSLContext) -> None:
        if not self._smtp.has_extn("starttls"):
            raise AttemptFailed(
                "STARTTLS: the server does not offer it, and MAIL_TLS=starttls demands it"
                f"{_NOT_THE_MAIL}"
            )
        with _before_the_mail("STARTTLS"):
            self._step().starttls(context=tls)
            self._step().ehlo_or_helo_if_needed()

    def _final_reply(self, patience: float) -> Reply:
        """The reply to the content. Whatever is no reply leaves it open whether the mail went."""
        try:
            self._wait(patience)
            reply = Reply.of(*self._smtp.getreply())
        except OSError as error:
            raise OutcomeUnknown(
                "the connection was lost after the mail had been sent and before the answer came, "
                f"{_LOST}: {error}"
            ) from error
        if not reply.is_valid or reply.code == GO_AHEAD:
            raise OutcomeUnknown(
                f"after the mail had been sent the server said what is no answer to it, {_LOST}: "
                f"{reply.text}"
            )
        return reply

    def _ask(self, step: str, ask: Callable[..., tuple[int, bytes]], *words: object) -> Reply:
        with during(step):
            self._wait(self._left())
            reply = Reply.of(*ask(*words))
        if not reply.is_valid:
            self.close()
            raise AttemptFailed(f"{step}: the server said what is no reply: {reply.text}")
        if reply.code == LOGIN_FIRST:
            raise AttemptFailed(f"{step}: {reply.text}{_NOT_THE_MAIL}")
        return reply

    def _step(self) -> smtplib.SMTP:
        self._wait(self._left())
        return self._smtp

    def _wait(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)

    def _left(self) -> float:
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left


def _before_the_mail(step: str) -> AbstractContextManager[None]:
    return during(step, _NOT_THE_MAIL)
