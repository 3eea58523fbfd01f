"""EMAIL_SEND: one mail, in plain text and, where given, in HTML.

Payload: `to`, and perhaps `cc`, `bcc` and `replyTo` (an address, with or without a name, or a list;
up to 100 recipients in all); and either `subject`, `body` (plain text) and perhaps `html`, or
`template` (a name in `templates/`), `context` (an object) and perhaps a `subject` of its own.
Result: `{"messageId": "<…@…>"}`, which depends on the job alone, so that copies of one mail are
known as such.

What is wrong with the payload, a connection that fails and a reply of 4xx are tried again. A
reply of 5xx to the mail is final, and so is a template that is missing or broken: asking again
would not help, and relays ban those who insist.

Each recipient gets the mail once, over all attempts: those who have it are not tried again, and the
job is completed once one at least has it and no other is left. The result's `refused` then lists
those whom the server refused for good. Only an attempt whose end nobody knows (a lost worker, no
answer after the content) may have sent what the next one sends again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Required, TypedDict

from jobs.core.errors import AttemptFailed
from jobs.core.failpoints import failpoint
from jobs.core.job_type import JobType
from jobs.core.ports.mail import Delivery, Mail
from jobs.processors._mail_addresses import CONTROL, MAX_RECIPIENTS, Addresses, mailboxes
from jobs.processors._mail_templates import Content, MailTemplates
from jobs.processors._payload import Keywords, text, unexpected

if TYPE_CHECKING:
    from jobs.core.claim import Claim
    from jobs.core.job import Payload, Result
    from jobs.core.job_type import JobContext
    from jobs.core.ports.mail import Mailbox

MAX_SECONDS = 100.0
"""Seconds: a mail server may take 30 until it has the mail, and 60 to answer for it."""

MAX_SUBJECT_CHARACTERS = 998
"""Characters, as many as a line of a mail has (RFC 5322, 2.1.1). To fold a subject takes the
square of its length."""


class EmailSendPayload(TypedDict, total=False):
    """A mail: `subject` and `body`, and perhaps `html`; or `template` and `context`."""

    to: Required[Annotated[Addresses, Keywords(description="Who gets the mail.")]]
    cc: Annotated[Addresses, Keywords(description="Who gets a copy, for all to see.")]
    bcc: Annotated[Addresses, Keywords(description="Who gets a copy that no header tells of.")]
    replyTo: Annotated[Addresses, Keywords(description="Where answers go, instead of the sender.")]
    subject: Annotated[
        str,
        Keywords(
            maxLength=MAX_SUBJECT_CHARACTERS,
            description="One line. Beside a template, instead of the template's own subject.",
        ),
    ]
    body: Annotated[str, Keywords(description="The mail in plain text.")]
    html: Annotated[str, Keywords(description="The mail in HTML, beside the plain text.")]
    template: Annotated[
        str, Keywords(description="The name of a mail template, instead of a body.")
    ]
    context: Annotated[dict[str, Any], Keywords(description="What the template is filled in with.")]


MEMBERS = tuple(EmailSendPayload.__annotations__)

_templates = MailTemplates(Path(__file__).with_name("templates"))


def process(claim: Claim, context: JobContext) -> Result:
    """Send the mail of `claim`. Raises `AttemptFailed`."""
    mail = compose(claim, context.settings.mail_domain)
    delivery = context.mailer.send(mail, _earlier(claim), cancelled=context.cancelled)
    failpoint("mail.after_accepted")
    refused = {"refused": delivery.refusals()} if delivery.refused else {}
    return {"messageId": mail.message_id, **refused}


def _earlier(claim: Claim) -> Delivery:
    """What earlier attempts have delivered. A job that is retried by hand, which begins with the
    first attempt again, tries those that were refused once more."""
    delivery = Delivery.of(claim.partial)
    return replace(delivery, refused=()) if claim.attempt == 1 else delivery


def compose(claim: Claim, domain: str, templates: MailTemplates = _templates) -> Mail:
    """The whole mail of `claim`, with nothing left to fail but the sending."""
    payload = claim.payload
    for member in payload:
        if member not in MEMBERS:
            raise unexpected("payload", f"only {', '.join(MEMBERS)}", member)
    to, cc, bcc = _recipients(payload)
    content = _content(payload, templates)
    if CONTROL.search(content.subject) or len(content.subject) > MAX_SUBJECT_CHARACTERS:
        wanted = f"one line of up to {MAX_SUBJECT_CHARACTERS} characters, "
        wanted += "none of them a control character"
        raise unexpected("payload.subject", wanted, content.subject)
    return Mail(
        to,
        content.subject,
        content.text,
        content.html,
        f"<{claim.id}@{domain}>",
        cc=cc,
        bcc=bcc,
        reply_to=mailboxes(payload, "replyTo"),
    )


def _recipients(payload: Payload) -> list[tuple[Mailbox, ...]]:
    found = [mailboxes(payload, member) for member in ("to", "cc", "bcc")]
    count = sum(map(len, found))
    if count > MAX_RECIPIENTS:
        raise unexpected("payload", f"{MAX_RECIPIENTS} recipients in to, cc and bcc at most", count)
    return found


def _content(payload: Payload, templates: MailTemplates) -> Content:
    if payload.get("template") is None:
        return _own_content(payload)
    for member in ("body", "html"):
        if payload.get(member) is not None:
            raise AttemptFailed(f"payload.{member}: expected nothing beside a template")
    context = payload.get("context")
    if not isinstance(context, dict | None):
        raise unexpected("payload.context", "an object", context)
    content = templates.render(text(payload, "template"), context or {})
    if payload.get("subject") is None:
        return content
    return Content(text(payload, "subject"), content.text, content.html)


def _own_content(payload: Payload) -> Content:
    if payload.get("context") is not None:
        raise AttemptFailed("payload.context: expected a template beside it")
    html = None if payload.get("html") is None else text(payload, "html")
    return Content(text(payload, "subject"), text(payload, "body"), html)


JOB_TYPE = JobType("EMAIL_SEND", process, MAX_SECONDS, payload=EmailSendPayload)
