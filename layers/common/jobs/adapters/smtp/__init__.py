"""The way out for mail, by SMTP."""

from __future__ import annotations

import ssl
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from jobs.adapters.smtp.connection import Server, SmtpConnection
from jobs.adapters.smtp.message import compose, sender_address
from jobs.core.errors import ConfigurationError

if TYPE_CHECKING:
    from jobs.adapters.smtp.message import Message
    from jobs.core.ports.mail import Mail

_IDLE = 5.0
"""Seconds for which a connection that did its work is worth another try."""

_IMPATIENCE = 0.1
"""The share of its patience that a mail may spend on finding out that such a one is dead."""


class Smtp:
    """`Mailer` on one SMTP server. Safe to use from several threads.

    `tls`: "none", or "starttls": encrypted under a certificate that is checked, or not sent.
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
        self._sender = sender_address(sender)
        self._server = Server(
            host=host,
            port=port,
            greeting_name=self._sender.domain,
            tls=_tls(tls),
            login=_login(user, password, tls),
        )
        self._patience = patience
        self._final_patience = final_patience
        self._idle: deque[tuple[SmtpConnection, float]] = deque()

    @property
    def domain(self) -> str:
        """The sender's domain, in ASCII."""
        return self._sender.domain

    def send(self, mail: Mail) -> None:
        """Hand `mail` to the server, for all of its recipients or for none.

        Raises `PermanentFailure` for a reply of 5xx, `OutcomeUnknown` if the connection is lost
        after the final dot, `AttemptFailed` for everything else.
        """
        message = compose(mail, self._sender)
        conversation = self._begin(message, until=monotonic() + self._patience)
        with conversation:
            conversation.name_recipients(message.recipients)
            conversation.deliver(message, patience=self._final_patience)
        self._idle.append((conversation, monotonic()))

    def close(self) -> None:
        """Close the connections that are open for the next mail."""
        while self._idle:
            self._idle.pop()[0].leave()

    def _begin(self, message: Message, until: float) -> SmtpConnection:
        conversation = self._used_before()
        if conversation is not None:
            soon = monotonic() + self._patience * _IMPATIENCE
            if conversation.begins_again(message, until=min(soon, until)):
                conversation.until = until
                return conversation
        conversation = SmtpConnection(self._server, until)
        with conversation:
            conversation.begin(message)
        return conversation

    def _used_before(self) -> SmtpConnection | None:
        while self._idle:
            conversation, since = self._idle.pop()
            if monotonic() - since < _IDLE:
                return conversation
            conversation.close()
        return None


def _tls(tls: str) -> ssl.SSLContext | None:
    match tls:
        case "none":
            return None
        case "starttls":
            return ssl.create_default_context()
        case _:
            raise ConfigurationError(f"MAIL_TLS: expected none or starttls, got {tls!r}")


def _login(user: str, password: str, tls: str) -> tuple[str, str] | None:
    if not user:
        return None
    if tls == "none":
        raise ConfigurationError(
            "MAIL_USER: expected MAIL_TLS=starttls beside it, as a password is not sent in clear"
        )
    return user, password
