"""Outgoing mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, and the name that is shown with it."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to one or more recipients. `message_id` includes the angle brackets.

    Recipients are those in `to`, `cc` and `bcc`; the last are in no header.
    """

    to: tuple[Mailbox, ...]
    subject: str
    text: str
    html: str | None
    message_id: str
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient that the server refuses for good, and its reply."""

    address: str
    reply: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has become of the recipients of a mail. Those in neither list have not got it yet.

    Addresses are spelled as in the mail.
    """

    accepted: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()

    @classmethod
    def of(cls, partial: dict[str, Any] | None) -> Self:
        """The delivery that `as_partial` wrote down."""
        if partial is None:
            return cls()
        refused = (Refusal(**each) for each in partial["refused"])
        return cls(tuple(partial["accepted"]), tuple(refused))

    def as_partial(self) -> dict[str, Any] | None:
        """What a failed attempt tells the next one; None if there is nothing to tell."""
        if not self.accepted and not self.refused:
            return None
        return {"accepted": [*self.accepted], "refused": self.refusals()}

    def refusals(self) -> list[dict[str, str]]:
        """The refused recipients as the result of a job shows them."""
        return [{"address": each.address, "reply": each.reply} for each in self.refused]


NOTHING = Delivery()


def never() -> bool:
    return False


class Mailer(Protocol):
    """Sends mail.

    Raises `AttemptFailed` if recipients are left for another attempt, `OutcomeUnknown` if some of
    them may have got the mail already, `PermanentFailure` if all are refused for good. The
    `partial` of each is the delivery so far (`Delivery.as_partial`).
    """

    def send(
        self, mail: Mail, earlier: Delivery = NOTHING, *, cancelled: Callable[[], bool] = never
    ) -> Delivery:
        """Hand `mail` to the server for every recipient that `earlier` does not name; returns once
        each has been accepted or refused for good, and one at least accepted.

        `cancelled`: the rest may be left out.
        """
        ...
