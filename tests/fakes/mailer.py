"""A way out for mail that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.adapters.smtp.mailboxes import sender as sender_mailbox
from jobs.adapters.smtp.message import compose
from jobs.core.ports.mail import NOTHING, Delivery, never

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.adapters.smtp.message import Message
    from jobs.core.ports.mail import Mail


class FakeMailer:
    """`Mailer`; `sent` is what was handed to it, as it would go over the wire."""

    def __init__(self, sender: str = "jobs@example.com") -> None:
        self._sender = sender_mailbox(sender)
        self.sent: list[Message] = []

    def send(
        self, mail: Mail, earlier: Delivery = NOTHING, *, cancelled: Callable[[], bool] = never
    ) -> Delivery:
        del cancelled
        message = compose(mail, self._sender)
        self.sent.append(message)
        return Delivery((*earlier.accepted, *message.recipients), earlier.refused)
