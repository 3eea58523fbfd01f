"""The replies of a mail server, and failures of the connection to it."""

from __future__ import annotations

import re
import smtplib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

GO_AHEAD, CLOSING = 354, 421

LOGIN_FIRST = 530
"""To any command: a login or STARTTLS has to come before (RFC 4954, RFC 3207)."""

_TOO_MANY_RECIPIENTS = (452, 552)
"""The second is what RFC 821 had it called (RFC 5321, 4.5.3.1.10)."""

_MAX_TEXT_CHARACTERS = 300

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a command. `text` begins with the code."""

    code: int
    text: str

    @classmethod
    def of(cls, code: int, words: bytes | str) -> Reply:
        """The reply that smtplib has read."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        shown = _UNPRINTABLE.sub(" ", f"{code} {text}").strip()
        return cls(code, shown[:_MAX_TEXT_CHARACTERS])

    @property
    def is_yes(self) -> bool:
        return self.code // 100 == 2  # noqa: PLR2004 - RFC 5321, 4.2.1: the first digit decides

    @property
    def is_for_good(self) -> bool:
        """Another attempt would get it again."""
        return self.code // 100 == 5  # noqa: PLR2004 - see above

    @property
    def is_for_the_rest(self) -> bool:
        """The transaction has as many recipients as the server takes at once."""
        return self.code in _TOO_MANY_RECIPIENTS

    @property
    def is_valid(self) -> bool:
        """A code of SMTP: what else a server says is no reply."""
        return 200 <= self.code < 600  # noqa: PLR2004


class Refused(Exception):  # noqa: N818
    """The server said no to the mail or its content."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@contextmanager
def during(step: str, more: str = "") -> Iterator[None]:
    """Turn what goes wrong inside this context into failures that name the `step`.

    `more` follows the text.
    """
    try:
        yield
    except smtplib.SMTPResponseException as error:
        reply = Reply.of(error.smtp_code, error.smtp_error)
        raise AttemptFailed(f"{step}: {reply.text}{more}") from error
    except OSError as error:
        raise AttemptFailed(f"{step}: {error}{more}") from error
    except UnicodeError as error:
        # Its own text would show a letter of a password.
        raise AttemptFailed(f"{step}: a letter that this cannot be sent with{more}") from error
