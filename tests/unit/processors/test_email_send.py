"""Which mail EMAIL_SEND makes of which payload, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import AttemptFailed, OutcomeUnknown, PermanentFailure
from jobs.core.job_type import JobContext, ProcessorSettings
from jobs.core.ports.mail import Mailbox
from jobs.processors import JOB_TYPES
from jobs.processors._mail_templates import MailTemplates
from jobs.processors.email_send import MAX_SUBJECT_CHARACTERS, compose
from support.claims import JOB_ID, a_claim

if TYPE_CHECKING:
    from pathlib import Path

    from jobs.core.ports.mail import Mail

PLAIN = {"to": "ann@example.com", "subject": "Hello", "body": "How are you?"}


def mail_of(payload: dict[str, Any], templates: MailTemplates | None = None) -> Mail:
    claim = a_claim("EMAIL_SEND", payload)
    if templates is None:
        return compose(claim, "example.com")
    return compose(claim, "example.com", templates)


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in PLAIN.items() if name != member}


def test_the_mail_is_sent_and_its_id_returned() -> None:
    mailer = FakeMailer()
    context = JobContext(
        FakeObjects(), mailer, settings=ProcessorSettings(mail_domain="jobs.example.com")
    )

    result = JOB_TYPES["EMAIL_SEND"].process(a_claim("EMAIL_SEND", PLAIN), context)

    assert result == {"messageId": f"<{JOB_ID}@jobs.example.com>"}
    (sent,) = mailer.sent
    assert [*sent.recipients] == ["ann@example.com"]
    assert result["messageId"].encode() in sent.content


def test_every_attempt_makes_the_same_mail() -> None:
    assert mail_of(PLAIN) == mail_of(dict(PLAIN))


@pytest.mark.parametrize(
    ("to", "recipients"),
    [
        ("ann@example.com", ("ann@example.com",)),
        (["ann@example.com"], ("ann@example.com",)),
        (["b@example.com", "a@example.com"], ("b@example.com", "a@example.com")),
        (["a@example.com", "b@example.com", "a@example.com"], ("a@example.com", "b@example.com")),
        ("o'brien+tag@mail.example.co.uk", ("o'brien+tag@mail.example.co.uk",)),
        ("root@localhost", ("root@localhost",)),
        ("用户@例子.example", ("用户@例子.example",)),
        ("उपयोगकर्ता@उदाहरण.example", ("उपयोगकर्ता@उदाहरण.example",)),
        ("ann@\u0dc1\u0dca\u200d\u0dbb.example", ("ann@\u0dc1\u0dca\u200d\u0dbb.example",)),
        ([f"{n}@example.com" for n in range(100)], tuple(f"{n}@example.com" for n in range(100))),
    ],
)
def test_recipients(to: object, recipients: tuple[str, ...]) -> None:
    assert mail_of({**PLAIN, "to": to}).to == tuple(map(Mailbox, recipients))


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Ann <ann@example.com>", Mailbox("ann@example.com", "Ann")),
        ("  Ann B. Lee<ann@example.com> ", Mailbox("ann@example.com", "Ann B. Lee")),
        ("<ann@example.com>", Mailbox("ann@example.com")),
        ('"Lee, Ann" <ann@example.com>', Mailbox("ann@example.com", "Lee, Ann")),
        ("Lee, Ann (Sales) <ann@example.com>", Mailbox("ann@example.com", "Lee, Ann (Sales)")),
        (r'"A \"<b@x>\" \\ C" <ann@example.com>', Mailbox("ann@example.com", r'A "<b@x>" \ C')),
        ("Jürgen 👨‍👩‍👧 <j@straße.example>", Mailbox("j@straße.example", "Jürgen 👨‍👩‍👧")),
        (f"{'n' * 200} <ann@example.com>", Mailbox("ann@example.com", "n" * 200)),
    ],
)
@pytest.mark.parametrize("member", ["to", "cc", "bcc", "replyTo"])
def test_an_address_may_have_a_name(member: str, text: str, mailbox: Mailbox) -> None:
    mail = mail_of({**PLAIN, member: [text]})

    assert (mail.reply_to if member == "replyTo" else getattr(mail, member)) == (mailbox,)


@pytest.mark.parametrize(
    "text",
    [
        "Ann ann@example.com",
        "Ann <ann@example.com",
        "Ann <ann@example.com>>",
        "Ann <ann@example.com> Lee",
        "ann@example.com, Eve <eve@example.com>",
        "Ann <ann@example.com>, Eve <eve@example.com>",
        'Ann "Lee <ann@example.com>',
        "Ann\r\nBcc: eve@example.com <ann@example.com>",
        '"Ann\nLee" <ann@example.com>',
        "=?utf-8?q?Ann?= <ann@example.com>",
        f"{'n' * 201} <ann@example.com>",
        "Ann <>",
        "Ann <\u202eann@example.com>",
        "Ann\ud800 <ann@example.com>",
    ],
)
@pytest.mark.parametrize("member", ["to", "cc", "bcc", "replyTo"])
def test_what_is_no_address_with_a_name_is_refused(member: str, text: str) -> None:
    with pytest.raises(AttemptFailed, match=rf"payload\.{member}: expected an address such as"):
        mail_of({**PLAIN, member: text})


def test_recipients_are_counted_together() -> None:
    fifty = [f"{n}@example.com" for n in range(50)]
    assert mail_of({**PLAIN, "to": fifty, "cc": fifty[:49], "bcc": ["a@example.org"]}).bcc

    with pytest.raises(AttemptFailed, match="100 recipients in to, cc and bcc at most, got 101"):
        mail_of({**PLAIN, "to": fifty, "cc": fifty, "bcc": "a@example.org"})


def test_what_is_optional_may_be_null() -> None:
    payload = {**PLAIN, "cc": None, "bcc": None, "replyTo": None, "html": None, "template": None}

    assert mail_of(payload) == mail_of(PLAIN)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann@b@example.com",
        "ann@example..com",
        "ann..b@example.com",
        ".ann@example.com",
        "ann@-example.com",
        "ann@example.com.",
        "ann @example.com",
        "ann@example.com, eve@example.com",
        "ann@example.com;eve@example.com",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com\n",
        "ann@example.com\x00",
        "ann\u2028@example.com",
        "ann\u202e@example.com",
        "ann\u200d@example.com",
        "ann@example\u202e.com",
        "ann@example.com>\r\nRCPT TO:<eve@example.com",
        '"ann\r\n"@example.com',
        "ann(comment)@example.com",
        f"{'a' * 65}@example.com",
        f"ann@{'a' * 64}.com",
        f"ann@{'a.' * 130}com",
        7,
        None,
        {"address": "ann@example.com"},
    ],
    ids=repr,
)
def test_what_is_no_address_is_refused(address: object) -> None:
    with pytest.raises(AttemptFailed, match=r"payload\.to\[1\]: expected an address such as"):
        mail_of({**PLAIN, "to": ["bob@example.com", address]})


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (without("to"), "payload.to: expected an address or a list of 1 to 100, got nothing"),
        ({**PLAIN, "to": []}, "payload.to: expected an address or a list of 1 to 100, got []"),
        ({**PLAIN, "to": None}, "payload.to: expected an address or a list of 1 to 100, got null"),
        (
            {**PLAIN, "to": ["a@b"] * 101},
            "payload.to: expected an address or a list of 1 to 100, got "
            '["a@b", "a@b", "a@b", "a@b", "a@b", "a@b", "a@b", "a@b", "a@…',
        ),
        (
            {**PLAIN, "to": "nobody"},
            'payload.to: expected an address such as "ann@example.com", got "nobody"',
        ),
        (without("subject"), "payload.subject: expected a string, got nothing"),
        ({**PLAIN, "subject": 7}, "payload.subject: expected a string, got 7"),
        (without("body"), "payload.body: expected a string, got nothing"),
        ({**PLAIN, "body": ["a"]}, 'payload.body: expected a string, got ["a"]'),
        ({**PLAIN, "html": 7}, "payload.html: expected a string, got 7"),
        (
            {**PLAIN, "from": "b@example.com"},
            "payload: expected only to, cc, bcc, replyTo, subject, body, html, template, context, "
            'got "from"',
        ),
        ({**PLAIN, "context": {}}, "payload.context: expected a template beside it"),
        (
            {**PLAIN, "template": "export_ready"},
            "payload.body: expected nothing beside a template",
        ),
        (
            {**without("body"), "template": "export_ready", "html": "<p>"},
            "payload.html: expected nothing beside a template",
        ),
        ({"to": "a@b", "template": 7}, "payload.template: expected a string, got 7"),
        (
            {"to": "a@b", "template": "export_ready", "context": ["a"]},
            'payload.context: expected an object, got ["a"]',
        ),
    ],
)
def test_a_wrong_payload_says_what_was_expected(payload: dict[str, Any], message: str) -> None:
    with pytest.raises(AttemptFailed) as failed:
        mail_of(payload)

    assert str(failed.value) == message
    assert not isinstance(failed.value, PermanentFailure | OutcomeUnknown)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\x00"])
@pytest.mark.parametrize("rest", ["Bcc: eve@example.com", ""])
def test_a_subject_stays_in_its_line(end: str, rest: str) -> None:
    with pytest.raises(AttemptFailed, match=r"payload\.subject: expected one line"):
        mail_of({**PLAIN, "subject": f"Hello{end}{rest}"})


def test_a_subject_is_no_longer_than_a_line_may_be() -> None:
    assert mail_of({**PLAIN, "subject": "x" * MAX_SUBJECT_CHARACTERS}).subject
    for subject in ("x" * (MAX_SUBJECT_CHARACTERS + 1), "ab " * 1_000_000):
        with pytest.raises(AttemptFailed, match=r"payload\.subject: .* of up to 998 characters"):
            mail_of({**PLAIN, "subject": subject})
    with pytest.raises(AttemptFailed, match=r"payload\.subject: .* of up to 998 characters"):
        mail_of(
            {
                "to": "a@example.com",
                "template": "export_ready",
                "context": {**READY, "rows": "9" * 999},
            }
        )


def test_a_mail_may_have_any_text() -> None:
    mail = mail_of({**PLAIN, "subject": "Grüße 👨‍👩‍👧", "body": ".\r\n{{ 7 * 7 }}", "html": "<p>"})

    assert (mail.subject, mail.text, mail.html) == ("Grüße 👨‍👩‍👧", ".\r\n{{ 7 * 7 }}", "<p>")


READY = {"name": "Ann", "rows": 2, "url": "https://example.com/?a=1&b=2"}


def test_a_template_makes_subject_text_and_html() -> None:
    mail = mail_of({"to": "a@b", "template": "export_ready", "context": READY})

    assert mail.subject == "Your export is ready: 2 rows"
    assert mail.text == (
        "Hello Ann,\n\nyour export of 2 rows is ready:\n\nhttps://example.com/?a=1&b=2\n"
    )
    assert mail.html is not None
    assert '<a href="https://example.com/?a=1&amp;b=2">' in mail.html


def test_what_is_optional_in_a_template_may_be_given() -> None:
    context = {**READY, "expires": "Friday"}
    mail = mail_of({"to": "a@b", "template": "export_ready", "context": context})

    assert mail.text.endswith("\n\nThe link works until Friday.\n")
    assert mail.html is not None
    assert "<p>The link works until Friday.</p>" in mail.html


def test_a_subject_of_its_own_comes_before_that_of_the_template() -> None:
    payload = {"to": "a@b", "template": "export_ready", "context": READY, "subject": "Done"}

    assert mail_of(payload).subject == "Done"


def test_what_comes_from_outside_is_never_a_template() -> None:
    context = {**READY, "name": "{{ 7 * 7 }}<script>{% include 'x' %}"}
    mail = mail_of({"to": "a@b", "template": "export_ready", "context": context})

    assert mail.text.startswith("Hello {{ 7 * 7 }}<script>{% include 'x' %},\n")
    assert mail.html is not None
    assert "Hello {{ 7 * 7 }}&lt;script&gt;{% include &#39;x&#39; %}," in mail.html


def test_what_comes_from_outside_does_not_break_out_of_a_subject() -> None:
    context = {**READY, "rows": "2\r\nBcc: eve@example.com"}
    with pytest.raises(AttemptFailed, match=r"payload\.subject: expected one line"):
        mail_of({"to": "a@b", "template": "export_ready", "context": context})


@pytest.mark.parametrize("name", ["welcome", "../export_ready", "export_ready.txt.j2", ""])
def test_a_template_that_is_not_there_is_final(name: str) -> None:
    with pytest.raises(PermanentFailure, match="there is none; there are: export_ready") as failed:
        mail_of({"to": "a@b", "template": name, "context": {}})

    assert repr(name) in str(failed.value)


def test_the_name_of_a_template_that_is_not_there_is_said_in_short() -> None:
    with pytest.raises(PermanentFailure) as failed:
        mail_of({"to": "a@b", "template": "🎉" * 100_000, "context": {}})

    assert f"'{'🎉' * 60}…'" in str(failed.value)
    assert len(str(failed.value)) < 200


def test_what_a_template_lacks_can_be_sent_another_time() -> None:
    with pytest.raises(AttemptFailed, match=r"'export_ready': payload\.context: 'rows'") as f:
        mail_of({"to": "a@b", "template": "export_ready", "context": {"name": "Ann"}})

    assert not isinstance(f.value, PermanentFailure)


def templates_with(folder: Path, **parts: str) -> MailTemplates:
    for part, source in ({"subject": "s", "txt": "t", "html": "h"} | parts).items():
        (folder / f"it.{part}.j2").write_text(source)
    return MailTemplates(folder)


@pytest.mark.parametrize(
    ("source", "failure", "message"),
    [
        ("{% if %}", PermanentFailure, "'it' is broken: Expected an expression"),
        ("{{ a | no_such_filter }}", PermanentFailure, "'it' is broken: No filter named"),
        ("{% include 'other.txt.j2' %}", PermanentFailure, "'it': other.txt.j2 is missing"),
        ("{{ a.__class__.__mro__ }}", PermanentFailure, "'it' is broken: access to attribute"),
        ("{{ a + 1 }}", AttemptFailed, "'it': payload.context does not fit: can only"),
        ("{{ a / 0 }}", AttemptFailed, "'it': payload.context does not fit: unsupported"),
        ("{{ a.b.c }}", AttemptFailed, "'it': payload.context: 'str object' has no attribute 'b'"),
    ],
)
def test_a_template_that_fails_is_named(
    tmp_path: Path, source: str, failure: type[Exception], message: str
) -> None:
    templates = templates_with(tmp_path, txt=source)

    with pytest.raises(AttemptFailed, match=message) as failed:
        mail_of({"to": "a@b", "template": "it", "context": {"a": "text"}}, templates)

    assert type(failed.value) is failure


def test_a_template_without_one_of_its_parts_is_named(tmp_path: Path) -> None:
    templates = templates_with(tmp_path)
    (tmp_path / "it.html.j2").unlink()

    with pytest.raises(PermanentFailure, match=r"'it': it\.html\.j2 is missing"):
        mail_of({"to": "a@b", "template": "it"}, templates)
