"""Mail addresses in a payload: `ann@example.com`, `Ann Lee <ann@example.com>`, or a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from jobs.core.ports.mail import Mailbox
from jobs.processors._payload import MISSING, Keywords, unexpected

if TYPE_CHECKING:
    from jobs.core.job import Payload

MAX_RECIPIENTS = 100
"""What every mail server must take at once (RFC 5321, 4.5.3.1.8)."""

MAX_NAME_CHARACTERS = 200

Address = Annotated[
    str, Keywords(examples=["ann@example.com", "Ann Lee <ann@example.com>"], maxLength=460)
]
Addresses = Address | Annotated[list[Address], Keywords(minItems=1, maxItems=MAX_RECIPIENTS)]

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that no header can hold."""

_ATOM = r"[^\s\"(),.:;<>@\[\\\]]+"
_LABEL = r"(?!-)[a-zA-Z0-9\-\u0080-\U0010ffff]{1,63}(?<!-)"
_ADDRESS = re.compile(
    rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*\Z"
)
_NAMED = re.compile(
    r"\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\"<>@\\]*?))\s*<([^<>]*)>\s*\Z"
)
_ESCAPED = re.compile(r"\\(.)")

_JOINERS = str.maketrans("", "", "\u200c\u200d")
"""Letters that cannot be seen, and that the names of domains need in some scripts."""


def mailboxes(payload: Payload, member: str) -> tuple[Mailbox, ...]:
    """The addresses at `member`, each once; none if it is missing. Raises `AttemptFailed`."""
    where, value = f"payload.{member}", payload.get(member, MISSING)
    if isinstance(value, str):
        return (_mailbox(where, value),)
    if value in (MISSING, None) and member != "to":
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_RECIPIENTS:
        raise unexpected(where, f"an address or a list of 1 to {MAX_RECIPIENTS}", value)
    found = (_mailbox(f"{where}[{index}]", each) for index, each in enumerate(value))
    return tuple(dict.fromkeys(found))


def _mailbox(where: str, value: object) -> Mailbox:
    if isinstance(value, str):
        name, address = _parts(value)
        if _is_address(address) and _is_name(name):
            return Mailbox(address, name)
    raise unexpected(where, 'an address such as "ann@example.com"', value)


def _parts(text: str) -> tuple[str, str]:
    found = _NAMED.match(text)
    if not found:
        return "", text
    quoted, plain, address = found.groups()
    return plain if quoted is None else _ESCAPED.sub(r"\1", quoted), address


def _is_address(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    printable = (local + domain.translate(_JOINERS)).isprintable()
    return printable and _ADDRESS.match(text) is not None


def _is_name(text: str) -> bool:
    return len(text) <= MAX_NAME_CHARACTERS and not CONTROL.search(text) and "=?" not in text
