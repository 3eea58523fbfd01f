"""The way out for mail, by SMTP."""

from __future__ import annotations

import ssl
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from jobs.adapters.smtp.connection import Server, SmtpConnection
from jobs.adapters.smtp.mailboxes import sender as sender_mailbox
from jobs.adapters.smtp.message import compose
from jobs.adapters.smtp.replies import CLOSING, Refused
from jobs.adapters.smtp.sending import Sending
from jobs.core.errors import AttemptFailed, ConfigurationError, OutcomeUnknown
from jobs.core.ports.mail import NOTHING, never

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.adapters.smtp.message import Message
    from jobs.core.ports.mail import Delivery, Mail

_IDLE = 5.0
"""Seconds for which a connection that did its work is worth another try."""

_IMPATIENCE = 0.1
"""The share of its patience that a mail may spend on finding out that such a one is dead."""


class Smtp:
    """`Mailer` on one SMTP server. Safe to use from several threads.

    `tls`: "none"; or "starttls" or "implicit" (port 465, as a rule): encrypted under a certificate
    that is checked, or not sent.
    `patience`: seconds that the server may take until it has the mail. `final_patience`: seconds
    that it may then take to answer for it: long, as RFC 5321 asks, because a server that is
    left too early may deliver nevertheless. `user` "": no login.

    A connection is used again for the next mail; `close` closes those that wait.
    """

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        tls: str = "none",
        user: str = "",
        password: str = "",
        patience: float = 30.0,
        final_patience: float = 60.0,
    ) -> None:
        self._sender = sender_mailbox(sender)
        self.domain = self._sender.address.rpartition("@")[2]
        """The sender's domain, in ASCII."""
        self._server = Server(
            host=host,
            port=port,
            greeting_name=self.domain,
            tls=_tls(tls),
            implicit=tls == "implicit",
            login=_login(user, password, tls),
        )
        self._patience = patience
        self._final_patience = final_patience
        self._idle: deque[tuple[SmtpConnection, float]] = deque()

    def send(
        self, mail: Mail, earlier: Delivery = NOTHING, *, cancelled: Callable[[], bool] = never
    ) -> Delivery:
        """See `Mailer`. All transactions of one mail share the patience of one."""
        message = compose(mail, self._sender)
        sending = Sending(message.recipients, earlier)
        until = monotonic() + self._patience
        while recipients := sending.next_recipients():
            if cancelled():
                sending.stop(AttemptFailed("the attempt was cancelled"))
                break
            try:
                self._transact(message, recipients, sending, until)
            except Refused as no:
                sending.refuse_all(no.reply)
            except AttemptFailed as error:
                sending.stop(error)
        return sending.result(str(self._server))

    def close(self) -> None:
        """Close the connections that are open for the next mail."""
        while self._idle:
            self._idle.pop()[0].leave()

    def _transact(
        self, message: Message, recipients: dict[str, str], sending: Sending, until: float
    ) -> None:
        """One transaction, with those of `recipients` that the server takes in it."""
        connection = self._begin(message, until)
        with connection:
            replies = connection.name_recipients(recipients)
            closing = [reply for reply in replies.values() if reply.code == CLOSING]
            taken = sending.note(replies)
            done = taken and self._deliver(connection, message, sending, closing=bool(closing))
        if done:
            self._idle.append((connection, monotonic()))
        else:
            connection.leave()
        if closing and not taken:
            raise AttemptFailed(closing[0].text)

    def _deliver(
        self, connection: SmtpConnection, message: Message, sending: Sending, *, closing: bool
    ) -> bool:
        """Send the content to those whom the server took; whether it has it.

        `closing`: the connection may be gone; then it is sent on another.
        """
        try:
            connection.deliver(message.content, self._final_patience)
        except OutcomeUnknown:
            raise
        except (AttemptFailed, Refused) as error:
            if closing:
                sending.again()
            elif isinstance(error, Refused):
                sending.refuse(error.reply)
            else:
                raise
            return False
        sending.accept()
        return True

    def _begin(self, message: Message, until: float) -> SmtpConnection:
        connection = self._used_before()
        if connection is not None:
            soon = monotonic() + self._patience * _IMPATIENCE
            if connection.announces(message, until=min(soon, until)):
                connection.until = until
                return connection
        connection = SmtpConnection(self._server, until)
        with connection:
            connection.begin()
            connection.announce(message)
        return connection

    def _used_before(self) -> SmtpConnection | None:
        while self._idle:
            connection, since = self._idle.pop()
            if monotonic() - since < _IDLE:
                return connection
            connection.close()
        return None


def _tls(tls: str) -> ssl.SSLContext | None:
    match tls:
        case "none":
            return None
        case "starttls" | "implicit":
            return ssl.create_default_context()
        case _:
            raise ConfigurationError(f"MAIL_TLS: expected none, starttls or implicit, got {tls!r}")


def _login(user: str, password: str, tls: str) -> tuple[str, str] | None:
    if not user:
        return None
    if tls == "none":
        raise ConfigurationError(
            "MAIL_USER: expected MAIL_TLS=starttls or implicit beside it, as a password is not "
            "sent in clear"
        )
    return user, password
