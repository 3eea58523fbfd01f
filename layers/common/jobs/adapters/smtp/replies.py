"""What the replies of a mail server mean for the attempt."""

from __future__ import annotations

import smtplib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed, PermanentFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

OK, FORWARDED, GO_AHEAD, CLOSING = 250, 251, 354, 421

_FOR_GOOD = 5
"""The first digit of a reply that another attempt would get again."""


def expect(wanted: int, reply: tuple[int, bytes]) -> None:
    """Raise what smtplib raises for a refusal, unless `reply` is the one that was wanted."""
    if reply[0] != wanted:
        raise smtplib.SMTPResponseException(*reply)


def failure(code: int, text: str) -> AttemptFailed:
    """The failure that a reply of `code` is."""
    return PermanentFailure(text) if code // 100 == _FOR_GOOD else AttemptFailed(text)


def text_of(reply: bytes | str) -> str:
    """The words of a reply."""
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


@contextmanager
def explained(server: str) -> Iterator[None]:
    """Turn what goes wrong with `server` inside this context into failures of the attempt."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        text = f"{server}: {error.smtp_code} {text_of(error.smtp_error)}"
        raise failure(error.smtp_code, text) from error
    except OSError as error:
        raise AttemptFailed(f"{server}: {error}") from error
