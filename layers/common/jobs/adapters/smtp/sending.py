"""One mail on its way: which recipients have got it, which are refused, and which are left."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.ports.mail import Delivery, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jobs.adapters.smtp.replies import Reply

    Recipients = dict[str, str]

MAX_RECIPIENTS = 50
"""In one transaction: as many as Amazon SES takes."""

_MAX_NAMED = 3
"""Addresses that an error names for each reply."""


class Sending:
    """The recipients of one mail, in the transactions of one attempt.

    Recipients are addresses by the spelling of the mail (`Message.recipients`).
    """

    def __init__(self, recipients: Recipients, earlier: Delivery) -> None:
        self._accepted = [*earlier.accepted]
        self._refused = {each.address: each.reply for each in earlier.refused}
        self._deferred: dict[str, str] = {}
        self._unknown = False
        self._named: Recipients = {}
        done = {*self._accepted, *self._refused}
        left = [(given, to) for given, to in recipients.items() if given not in done]
        self._left = deque(
            dict(left[first : first + MAX_RECIPIENTS])
            for first in range(0, len(left), MAX_RECIPIENTS)
        )

    def next_recipients(self) -> Recipients | None:
        """The recipients of the next transaction; None: all have been tried."""
        self._named = self._left.popleft() if self._left else {}
        return self._named or None

    def note(self, replies: Mapping[str, Reply]) -> bool:
        """Note the replies to the recipients of this transaction; whether the server takes any.

        Whom it was not asked about, or has no room for in this transaction, gets another one.
        """
        taken: Recipients = {}
        rest: Recipients = {}
        for given, address in self._named.items():
            reply = replies.get(given)
            if reply is None or (reply.is_for_the_rest and taken):
                rest[given] = address
            elif reply.is_yes:
                taken[given] = address
            else:
                self._refuse([given], reply)
        self._named = taken
        if rest:
            self._left.appendleft(rest)
        return bool(taken)

    def accept(self) -> None:
        """The server has the mail for those it took."""
        self._accepted += self._named

    def again(self) -> None:
        """Those it took get a transaction of their own, before others."""
        self._left.appendleft(self._named)

    def refuse(self, reply: Reply) -> None:
        """The server said no to the content, for those it took."""
        self._refuse(self._named, reply)

    def refuse_all(self, reply: Reply) -> None:
        """The server said no to the mail, whoever is to get it."""
        self._refuse(self._rest(), reply)

    def stop(self, error: AttemptFailed) -> None:
        """Leave this transaction, and all that were not tried, to another attempt."""
        if isinstance(error, OutcomeUnknown):
            self._unknown = True
            self._deferred |= dict.fromkeys(self._named, str(error))
            self._named = {}
            self._deferred |= dict.fromkeys(self._rest(), "not tried after that")
        else:
            self._deferred |= dict.fromkeys(self._rest(), str(error))

    def _refuse(self, recipients: Iterable[str], reply: Reply) -> None:
        """For good, or for this attempt."""
        for each in recipients:
            (self._refused if reply.is_for_good else self._deferred)[each] = reply.text

    def _rest(self) -> Recipients:
        """All whose turn is not over; there are none of them then."""
        rest = self._named
        for each in self._left:
            rest = rest | each
        self._left.clear()
        self._named = {}
        return rest

    def result(self, server: str) -> Delivery:
        """What has become of the mail. Raises as `Mailer` says."""
        refused = (Refusal(address, reply) for address, reply in self._refused.items())
        delivery = Delivery(tuple(self._accepted), tuple(refused))
        if self._deferred:
            kind = OutcomeUnknown if self._unknown else AttemptFailed
            text = f"{server}: {_by_reply(self._deferred)}"
            if self._accepted:
                of = len(self._accepted) + len(self._refused) + len(self._deferred)
                text += f"; {len(self._accepted)} of {of} have the mail, and do not get it again"
            raise kind(text, partial=delivery.as_partial())
        if not self._accepted:
            text = f"{server}: {_by_reply(self._refused)}"
            raise PermanentFailure(text, partial=delivery.as_partial())
        return delivery


def _by_reply(replies: Mapping[str, str]) -> str:
    """`ann@example.com, bob@example.com: 450 later; eve@example.com: 451 busy`"""
    addresses: dict[str, list[str]] = {}
    for address, reply in replies.items():
        addresses.setdefault(reply, []).append(address)
    return "; ".join(f"{_names(each)}: {reply}" for reply, each in addresses.items())


def _names(addresses: list[str]) -> str:
    names = ", ".join(addresses[:_MAX_NAMED])
    more = len(addresses) - _MAX_NAMED
    return f"{names} and {more} more" if more > 0 else names
