"""What every `Mailer` does: the fake, and SMTP with a recording and with a catching server."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from fakes.mailer import FakeMailer
from jobs.adapters.smtp import Smtp
from jobs.core.errors import AttemptFailed
from jobs.core.ports.mail import Mail, Mailbox, Mailer
from outside.smtp import smtp_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.servers.mail import Mail as Catcher

SENDER = "Jobs <jobs@example.com>"


@dataclass(frozen=True)
class Post:
    """A mailer, and what came out at the other end."""

    mailer: Mailer
    arrived: Callable[[], list[EmailMessage]]


@pytest.fixture
def fake() -> Post:
    mailer = FakeMailer(SENDER)
    return Post(mailer, lambda: [parsed(message.content) for message in mailer.sent])


@pytest.fixture
def sink() -> Iterator[Post]:
    with smtp_sink() as server, closing(Smtp("127.0.0.1", server.port, SENDER)) as mailer:
        yield Post(mailer, lambda: [parsed(mail.content) for mail in server.accepted])


@pytest.fixture
def catcher(smtp: Catcher) -> Iterator[Post]:
    with closing(Smtp("127.0.0.1", smtp.port, SENDER)) as mailer:
        yield Post(mailer, smtp.messages)


@pytest.fixture(params=["fake", "sink", "catcher"])
def post(request: pytest.FixtureRequest) -> Post:
    found: Post = request.getfixturevalue(request.param)
    return found


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def a_mail(
    *to: str,
    subject: str = "Hello",
    text: str = "How are you?\n",
    html: str | None = None,
    message_id: str = "",
) -> Mail:
    message_id = message_id or f"<{uuid4()}@example.com>"
    addresses = tuple(map(Mailbox, to or ("ann@example.com",)))
    return Mail(addresses, subject, text, html, message_id)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_mail_arrives_as_it_was_handed_over(post: Post) -> None:
    mail = a_mail("ann@example.com", "bob@example.org")

    post.mailer.send(mail)

    (message,) = post.arrived()
    assert message["From"] == SENDER
    assert message["To"] == "ann@example.com, bob@example.org"
    assert message["Subject"] == "Hello"
    assert message["Message-ID"] == mail.message_id
    assert message["Date"].datetime is not None
    assert message.get_content_type() == "text/plain"
    assert body(message, "plain") == "How are you?\n"


def test_copies_and_answers_go_where_the_mail_says(post: Post) -> None:
    mail = replace(
        a_mail("ann@example.com"),
        cc=(Mailbox("bob@example.com", "Bob"), Mailbox("carla@example.com")),
        bcc=(Mailbox("dora@example.com", "Dora"),),
        reply_to=(Mailbox("help@example.com", "Help"),),
    )

    delivery = post.mailer.send(mail)

    (message,) = post.arrived()
    assert message["Cc"] == "Bob <bob@example.com>, carla@example.com"
    assert message["Reply-To"] == "Help <help@example.com>"
    assert message["Bcc"] is None
    # What the catcher writes of the envelope aside.
    shown = {name: str(text) for name, text in message.items() if name != "X-RcptTo"}
    assert "dora" not in str(shown)
    assert delivery.accepted == (
        "ann@example.com",
        "bob@example.com",
        "carla@example.com",
        "dora@example.com",
    )


def test_a_mail_says_that_no_human_sent_it(post: Post) -> None:
    post.mailer.send(a_mail())

    (message,) = post.arrived()
    assert message["Auto-Submitted"] == "auto-generated"


NAMES = [
    "Ann",
    "Ann B. Lee",
    "Lee, Ann",
    'Ann "the (boss)" <Lee>',
    "Ann\\",
    "a@b.example",
    "Jürgen Müller",
    "Müller, Jürgen; <x@y>",
    "山田太郎" * 20,
    "👨‍👩‍👧",
    "x" * 200,
    "ann@example.com, eve@example.com " * 5,
    "  two  blanks  ",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("header", ["to", "cc", "reply_to"])
def test_a_name_arrives_unchanged_and_adds_no_address(post: Post, header: str, name: str) -> None:
    boxes = (Mailbox("ann@example.com", name.strip()), Mailbox("bob@example.com", name.strip()))
    changes: dict[str, Any] = {header: boxes}
    post.mailer.send(replace(a_mail("carla@example.com"), **changes))

    (message,) = post.arrived()
    [raw] = [text for key, text in message.raw_items() if key.lower() == header.replace("_", "-")]
    found = getaddresses([raw])
    assert [address for _, address in found] == ["ann@example.com", "bob@example.com"]
    # The library that parses headers puts blanks between the encoded words of a name.
    names = [str(make_header(decode_header(name))) for name, _ in found]
    assert [each.split() for each in names] == [name.split()] * 2


@pytest.mark.parametrize("name", ["Ann\nBcc: eve@example.com", "Ann\r", "=?utf-8?q?=0D=0Ax?="])
@pytest.mark.parametrize("header", ["to", "cc", "bcc", "reply_to"])
def test_a_name_that_breaks_out_is_refused(post: Post, header: str, name: str) -> None:
    changes: dict[str, Any] = {header: (Mailbox("ann@example.com", name),)}
    with pytest.raises(AttemptFailed, match="cannot hold"):
        post.mailer.send(replace(a_mail(), **changes))

    assert post.arrived() == []


def test_html_comes_beside_the_plain_text(post: Post) -> None:
    post.mailer.send(a_mail(html="<p>How are <b>you</b>?</p>\n"))

    (message,) = post.arrived()
    assert message.get_content_type() == "multipart/alternative"
    assert body(message, "plain") == "How are you?\n"
    assert body(message, "html") == "<p>How are <b>you</b>?</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Zürich, привет, こんにちは, 🎉\n",
        ".\n..\n.leading dots\nend\n",
        "long " * 1000 + "\n",
        "From here\n\n\ntabs\tand trailing spaces   \n",
    ],
    ids=["unicode", "dots", "long line", "white space"],
)
def test_the_text_arrives_unchanged(post: Post, text: str) -> None:
    post.mailer.send(a_mail(subject=text.split("\n", maxsplit=1)[0][:900], text=text, html=text))

    (message,) = post.arrived()
    assert body(message, "plain") == text
    assert body(message, "html") == text
    assert message["Subject"].split() == text.split("\n", maxsplit=1)[0][:900].split()


def test_a_bare_carriage_return_ends_no_more_than_a_line(post: Post) -> None:
    post.mailer.send(a_mail(text="one\r.\rtwo\n.\nthree\r\n.\r\nfour\n"))

    (message,) = post.arrived()
    assert body(message, "plain") == "one\n.\ntwo\n.\nthree\n.\nfour\n"


@pytest.mark.parametrize(
    "mail",
    [
        a_mail(subject="Hello\r\nBcc: eve@example.com"),
        a_mail(subject="Hello\nBcc: eve@example.com"),
        a_mail(subject="Hello\n"),
        a_mail(subject="Hello\r"),
        a_mail("ann@example.com\r\nBcc: eve@example.com"),
        a_mail("ann@example.com\n"),
        a_mail("ann@example.com", "bob@example.com>\r\nRCPT TO:<eve@example.com"),
        a_mail(message_id="<1@example.com>\r\nBcc: eve@example.com"),
    ],
    ids=lambda mail: repr((mail.subject, mail.to, mail.message_id)),
)
def test_nothing_breaks_out_of_a_header(post: Post, mail: Mail) -> None:
    with pytest.raises(AttemptFailed, match="line breaks"):
        post.mailer.send(mail)

    assert post.arrived() == []


BCC = "Bcc: eve@example.com"
WORDS = [
    "=?utf-8?q?=0D=0ABcc:_eve@example.com?=",
    f"=?utf-8?b?{b64encode(f'{chr(13)}{chr(10)}{BCC}'.encode()).decode()}?=",
    "Hello =?us-ascii?q?a=0D=0A=0D=0Ab?= =?utf-8?q?=41?=",
    f"=?utf-8?q?=0A{BCC.replace(' ', '_')}?= {'Zażółć gęślą jaźń 🎉 ' * 40}",
    "=?",
]


@pytest.mark.parametrize("subject", WORDS)
def test_what_looks_like_an_encoded_word_is_text_like_any(post: Post, subject: str) -> None:
    post.mailer.send(a_mail(subject=subject))

    (message,) = post.arrived()
    assert message["Bcc"] is None
    assert message["Subject"] == subject
    assert body(message, "plain") == "How are you?\n"


@pytest.mark.parametrize("word", ["=?utf-8?q?=0D=0ABcc=3A_eve=40x?=", WORDS[1], "=?utf-8?q?=41?="])
def test_an_address_is_no_encoded_word(post: Post, word: str) -> None:
    with pytest.raises(AttemptFailed, match="address cannot hold"):
        post.mailer.send(a_mail("ann@example.com", f"{word}@example.com"))

    assert post.arrived() == []


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        # Neither is strasse.example, which is somebody else's.
        ("straße.example", "xn--strae-oqa.example"),
        ("STRAẞE.example", "xn--strae-oqa.example"),
    ],
)
def test_international_domains_are_sent_in_ascii(post: Post, domain: str, wanted: str) -> None:
    post.mailer.send(a_mail(f"ann@{domain}"))

    (message,) = post.arrived()
    assert message["To"] == f"ann@{wanted}"


@pytest.mark.parametrize(
    "domain",
    [
        "example.com\uff20eve.example",
        "example.com\uff1e\uff1ceve.example",
        "a\uff0ceve.example",
        "a\uff08eve\uff09.example",
        "\uff1d\uff1futf-8\uff1fq\uff1f\uff1d0D\uff1d0ABcc\uff1d3Aeve\uff1f\uff1d.example",
        "\u2100.example",
        "straße.example\uff20eve.example",
        "☕.example",
        "bücher.example\u3002",
    ],
    ids=ascii,
)
def test_a_domain_that_stands_for_what_is_none_is_refused(post: Post, domain: str) -> None:
    with pytest.raises(AttemptFailed, match="is not an internet domain"):
        post.mailer.send(a_mail("ann@example.com", f"ann@{domain}"))

    assert post.arrived() == []


def test_one_mailer_serves_several_threads(post: Post) -> None:
    mails = [a_mail(text=f"{number}\n") for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post.mailer.send, mails))

    arrived = {(message["Message-ID"], body(message, "plain")) for message in post.arrived()}
    assert arrived == {(mail.message_id, mail.text) for mail in mails}
    assert len(post.arrived()) == len(mails)
