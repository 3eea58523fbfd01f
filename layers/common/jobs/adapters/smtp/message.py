"""A mail as the bytes that go over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from typing import TYPE_CHECKING

from jobs.adapters.smtp.domains import to_ascii
from jobs.core.errors import AttemptFailed, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobs.core.ports.mail import Mail

_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What could end a header or a command. The policy below refuses most of it, but not all."""

_ENCODED = "=?"
"""What an encoded word (RFC 2047) begins with. `EmailMessage` takes such text for one, and writes
out what it stands for: line breaks too, and behind them whatever header the text wants."""

_LINE = 76
"""Characters of a line that holds encoded words, at most."""


@dataclass(frozen=True, slots=True)
class Message:
    """What an SMTP transaction needs. `utf8`: the server must know SMTPUTF8 (RFC 6531).

    `recipients`: the address that goes into the command, by the spelling of the mail.
    """

    sender: str
    recipients: dict[str, str]
    content: bytes
    utf8: bool


def sender_address(text: str) -> Address:
    """The address in `MAIL_FROM`, with or without a name. Raises `ConfigurationError`."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, _, domain = address.rpartition("@")
    wrong = not (local.isascii() and local and domain) or _BREAK.search(text)
    try:
        domain = to_ascii(domain)
    except ValueError:
        wrong = True
    if wrong:
        raise ConfigurationError(
            'MAIL_FROM: expected an address such as "jobs@example.com" or '
            f'"Jobs <jobs@example.com>", got {text!r}'
        )
    return Address(display_name=name, username=local, domain=domain)


def compose(mail: Mail, sender: Address) -> Message:
    """Write `mail` out. Raises `AttemptFailed` for what would break out of its header."""
    for name, value in _headers(mail):
        if _BREAK.search(value):
            raise AttemptFailed(f"{name}: a mail header cannot hold line breaks: {value!r}")
        if name != "Subject" and _ENCODED in value:
            raise AttemptFailed(f"{name}: an address cannot hold {_ENCODED!r}: {value!r}")
    addresses = tuple(map(_in_ascii, mail.to))
    utf8 = not all(map(str.isascii, addresses))
    # 7 bit: what every server takes, whatever it offers.
    message = EmailMessage(policy=SMTP.clone(utf8=utf8, cte_type="7bit"))
    message["From"] = sender
    message["To"] = tuple(map(_address, addresses))
    _set_subject(message, mail.subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = mail.message_id
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    recipients = _distinct(zip(mail.to, addresses, strict=True))
    return Message(sender.addr_spec, recipients, message.as_bytes(), utf8)


def _distinct(addresses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Each mailbox once, however often and however its domain is spelled."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for given, address in addresses:
        local, _, domain = address.rpartition("@")
        found.setdefault((local, domain.lower()), (given, address))
    return dict(found.values())


def _set_subject(message: EmailMessage, text: str) -> None:
    if text.isascii() and _ENCODED not in text:
        message["Subject"] = text
        return
    # Of other text `EmailMessage` loses a blank where it folds a line.
    encoded = Header(text, "utf-8", maxlinelen=_LINE, header_name="Subject").encode()
    message.set_raw("Subject", encoded)


def _headers(mail: Mail) -> list[tuple[str, str]]:
    return [
        ("Subject", mail.subject),
        ("Message-ID", mail.message_id),
        *(("To", address) for address in mail.to),
    ]


def _in_ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{to_ascii(domain)}"
    except ValueError as error:
        raise AttemptFailed(f"To: {domain!r} is not an internet domain: {error}") from error


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(username=local, domain=domain)
