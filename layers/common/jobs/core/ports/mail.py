"""Outgoing mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one or more recipients. `message_id` includes the angle brackets."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None
    message_id: str


class Mailer(Protocol):
    """Sends mail.

    Raises `AttemptFailed` (try again), or `OutcomeUnknown` when the connection was lost after
    the message had been sent and before the server answered.
    """

    def send(self, mail: Mail) -> None:
        """Hand `mail` to the server; returns once the server has accepted it."""
        ...
