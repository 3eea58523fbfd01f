"""A mail as the bytes that go over the wire."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from jobs.adapters.smtp.domains import to_ascii
from jobs.adapters.smtp.mailboxes import BREAK, ENCODED, MAX_LINE_CHARACTERS, header
from jobs.core.errors import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobs.core.ports.mail import Mail, Mailbox


@dataclass(frozen=True, slots=True)
class Message:
    """What an SMTP transaction needs. `utf8`: the server must know SMTPUTF8 (RFC 6531).

    `recipients`: the address that goes into the command, by the spelling of the mail.
    """

    sender: str
    recipients: dict[str, str]
    content: bytes
    utf8: bool


def compose(mail: Mail, sender: Mailbox) -> Message:
    """Write `mail` out. Raises `AttemptFailed` for what would break out of its header."""
    _refuse_breaks("Subject", mail.subject)
    _refuse_breaks("Message-ID", mail.message_id)
    shown = {
        name: [_in_ascii(name, each) for each in mailboxes]
        for name, mailboxes in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to))
    }
    hidden = [_in_ascii("Bcc", each) for each in mail.bcc]
    sent_to = [*shown["To"], *shown["Cc"], *hidden]
    given = [*mail.to, *mail.cc, *mail.bcc]
    utf8 = not all(each.address.isascii() for each in (*sent_to, *shown["Reply-To"]))
    # 7 bit: what every server takes, whatever it offers. Nothing is folded again: `EmailMessage`
    # takes what looks like an encoded word for one then.
    message = EmailMessage(policy=SMTP.clone(utf8=utf8, cte_type="7bit", refold_source="none"))
    for name, mailboxes in {"From": [sender], **shown}.items():
        if mailboxes:
            message.set_raw(name, header(mailboxes))
    _set_subject(message, mail.subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    recipients = _distinct(zip(given, sent_to, strict=True))
    return Message(sender.address, recipients, message.as_bytes(), utf8)


def _refuse_breaks(name: str, value: str) -> None:
    if BREAK.search(value):
        raise AttemptFailed(f"{name}: a mail header cannot hold line breaks: {value!r}")


def _in_ascii(name: str, mailbox: Mailbox) -> Mailbox:
    for value in (mailbox.address, mailbox.name):
        _refuse_breaks(name, value)
        if ENCODED in value:
            raise AttemptFailed(f"{name}: an address cannot hold {ENCODED!r}: {value!r}")
    local, _, domain = mailbox.address.rpartition("@")
    try:
        return replace(mailbox, address=f"{local}@{to_ascii(domain)}")
    except ValueError as error:
        raise AttemptFailed(f"{name}: {domain!r} is not an internet domain: {error}") from error


def _set_subject(message: EmailMessage, text: str) -> None:
    if text.isascii() and ENCODED not in text:
        message["Subject"] = text
        return
    # Of other text `EmailMessage` loses a blank where it folds a line.
    encoded = Header(text, "utf-8", maxlinelen=MAX_LINE_CHARACTERS, header_name="Subject").encode()
    message.set_raw("Subject", encoded)


def _distinct(mailboxes: Iterable[tuple[Mailbox, Mailbox]]) -> dict[str, str]:
    """Each mailbox once, however often and however its domain is spelled."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for given, mailbox in mailboxes:
        local, _, domain = mailbox.address.rpartition("@")
        found.setdefault((local, domain.lower()), (given.address, mailbox.address))
    return dict(found.values())
