"""Mailboxes, as the headers of a mail name them."""

from __future__ import annotations

import re
from email.header import Header
from email.utils import getaddresses, quote
from typing import TYPE_CHECKING

from jobs.adapters.smtp.domains import to_ascii
from jobs.core.errors import ConfigurationError
from jobs.core.ports.mail import Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterable

BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What could end a header or a command."""

ENCODED = "=?"
"""What an encoded word (RFC 2047) begins with: text that holds one stands for other text."""

MAX_LINE_CHARACTERS = 76
"""Of a line with encoded words (RFC 2047, 2)."""

_ATOM = r"[\w!#$%&'*+\-/=?^`{|}~]+"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*", re.ASCII)
_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\]]+")


def sender(text: str) -> Mailbox:
    """The mailbox in `MAIL_FROM`, with or without a name. Raises `ConfigurationError`."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    local, _, domain = address.rpartition("@")
    wrong = not (local.isascii() and local and domain) or BREAK.search(text) or ENCODED in text
    try:
        domain = to_ascii(domain)
    except ValueError:
        wrong = True
    if wrong:
        raise ConfigurationError(
            'MAIL_FROM: expected an address such as "jobs@example.com" or '
            f'"Jobs <jobs@example.com>", got {text!r}'
        )
    return Mailbox(f"{local}@{domain}", name)


def header(mailboxes: Iterable[Mailbox]) -> str:
    """Their list, folded: each begins a line."""
    return ",\n ".join(map(_written, mailboxes))


def _written(mailbox: Mailbox) -> str:
    local, _, domain = mailbox.address.rpartition("@")
    address = f"{local if _DOT_ATOM.fullmatch(local) else _quoted(local)}@{domain}"
    return f"{_phrase(mailbox.name)} <{address}>" if mailbox.name else address


def _phrase(name: str) -> str:
    if not name.isascii():
        return Header(name, "utf-8", maxlinelen=MAX_LINE_CHARACTERS).encode()
    return name if _ATOMS.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return f'"{quote(text)}"'
