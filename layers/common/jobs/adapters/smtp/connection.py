"""One connection to a mail server: what is said on it, and what its replies mean."""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Self

from jobs.adapters.smtp.replies import (
    CLOSING,
    FORWARDED,
    GO_AHEAD,
    OK,
    expect,
    explained,
    failure,
    text_of,
)
from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from jobs.adapters.smtp.message import Message

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, and how to speak with it. `tls` None: in clear."""

    host: str
    port: int
    greeting_name: str
    tls: ssl.SSLContext | None
    login: tuple[str, str] | None

    def __str__(self) -> str:
        return f"mail server {self.host}:{self.port}"


class SmtpConnection:
    """A connection on which one mail after another is sent.

    As a context it is closed when something goes wrong, and only then. Every step up to the
    final dot has to end by `until` (monotonic clock). Raises as `Smtp.send` does.
    """

    def __init__(self, server: Server, until: float) -> None:
        self._server = server
        self.until = until
        with self._explained():
            self._smtp = smtplib.SMTP(
                server.host,
                server.port,
                local_hostname=server.greeting_name,
                timeout=self._left(),
            )

    def begin(self, message: Message) -> None:
        """Introduce ourselves, and announce `message`."""
        with self._explained():
            self._step().ehlo_or_helo_if_needed()
            if self._server.tls is not None:
                self._encrypt(self._server.tls)
            if self._server.login is not None:
                self._step().login(*self._server.login)
            self._announce(message)

    def begins_again(self, message: Message, until: float) -> bool:
        """Announce another message, if the connection is still good for it; else close it."""
        self.until = until
        try:
            with self, self._explained():
                self._announce(message)
        except AttemptFailed:
            # Nothing has been sent yet. A new connection will tell what is wrong, if it is.
            return False
        return True

    def name_recipients(self, recipients: Sequence[str]) -> None:
        """Name all recipients. If one of them is refused, none gets the mail."""
        refused = []
        with self._explained():
            for recipient in recipients:
                code, reply = self._step().rcpt(recipient)
                if code not in (OK, FORWARDED):
                    refused.append((code, f"{recipient}: {code} {text_of(reply)}"))
                if code == CLOSING:
                    break
        if refused:
            with suppress(OSError):
                self._step().rset()
            texts = "; ".join(text for _, text in refused)
            raise failure(
                max(code for code, _ in refused),
                f"{self._server} refused, and so the mail went to nobody: {texts}",
            )

    def deliver(self, message: Message, patience: float) -> None:
        """Send the content, and wait up to `patience` seconds for the server to take it."""
        with self._explained():
            expect(GO_AHEAD, self._step().docmd("DATA"))
            self._step().send(_LEADING_DOT.sub(b"..", message.content) + b".\r\n")
        try:
            self._wait(patience)
            code, reply = self._smtp.getreply()
        except OSError as error:
            raise OutcomeUnknown(
                f"{self._server}: the connection was lost after the mail had been sent and before "
                f"the answer came, so the outcome is unknown, it may have arrived: {error}"
            ) from error
        with self._explained():
            expect(OK, (code, reply))

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
                f"{self._server} does not offer STARTTLS, which MAIL_TLS=starttls demands: "
                "nothing was sent"
            )
        self._step().starttls(context=tls)
        self._step().ehlo_or_helo_if_needed()

    def _announce(self, message: Message) -> None:
        options = [f"SIZE={len(message.content)}"] if self._smtp.has_extn("size") else []
        if message.utf8:
            if not self._smtp.has_extn("smtputf8"):
                raise PermanentFailure(
                    f"{self._server} takes no international addresses (it does not offer "
                    f"SMTPUTF8): {', '.join(message.recipients)}"
                )
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        expect(OK, self._step().mail(message.sender, options))

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

    def _explained(self) -> AbstractContextManager[None]:
        return explained(str(self._server))
