"""Mail servers that refuse, fall silent or hang up, and what is known about the mail then."""

from __future__ import annotations

import inspect
import socket
import ssl
from contextlib import closing, contextmanager
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import trustme

from jobs.adapters.smtp import Smtp
from jobs.core.errors import AttemptFailed, ConfigurationError, OutcomeUnknown, PermanentFailure
from jobs.core.ports.mail import Mail
from outside.smtp import CUT, SmtpSink, smtp_sink
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SENDER = "jobs@example.com"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as server:
        yield server


@contextmanager
def mailer_to(sink: SmtpSink, **options: Any) -> Iterator[Smtp]:
    with closing(Smtp("127.0.0.1", sink.port, SENDER, **options)) as mailer:
        yield mailer


def a_mail(*to: str, text: str = "How are you?\n") -> Mail:
    return Mail(to or ("ann@example.com",), "Hello", text, None, f"<{uuid4()}@example.com>")


def failure_of(mailer: Smtp, mail: Mail | None = None) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as failed:
        mailer.send(mail or a_mail())
    return failed.value


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "BEFORE DATA", "DATA"])
def test_a_refusal_for_now_is_tried_again(sink: SmtpSink, command: str) -> None:
    sink.will_answer(command, *["451 4.7.1 come back later"] * 2)
    mail = a_mail()
    with mailer_to(sink) as mailer:
        for _ in range(2):
            failure = failure_of(mailer, mail)
            assert type(failure) is AttemptFailed
            assert "451 4.7.1 come back later" in str(failure)
        mailer.send(mail)

    assert len(sink.accepted) == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "BEFORE DATA", "DATA"])
def test_a_refusal_for_good_is_final(sink: SmtpSink, command: str) -> None:
    sink.will_answer(command, "550 5.1.1 no such mailbox")
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer)

    assert isinstance(failure, PermanentFailure)
    assert f"127.0.0.1:{sink.port}" in str(failure)
    assert "550 5.1.1 no such mailbox" in str(failure)
    assert sink.accepted == []


def test_one_refused_recipient_keeps_the_mail_from_all(sink: SmtpSink) -> None:
    sink.will_answer("RCPT", "250 OK", "450 4.2.0 greylisted")
    mail = a_mail("ann@example.com", "bob@example.com")
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)

        assert type(failure) is AttemptFailed
        assert "bob@example.com: 450 4.2.0 greylisted" in str(failure)
        assert "ann@example.com" not in str(failure)
        assert sink.commands == ["MAIL", "RCPT", "RCPT", "RSET"]

        mailer.send(mail)

    assert [mail.recipients for mail in sink.received] == [("ann@example.com", "bob@example.com")]


def test_a_recipient_refused_for_good_decides(sink: SmtpSink) -> None:
    sink.will_answer("RCPT", "450 greylisted", "550 unknown", "250 OK")
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail("ann@example.com", "bob@example.com", "c@example.com"))

    assert isinstance(failure, PermanentFailure)
    assert "ann@example.com: 450 greylisted; bob@example.com: 550 unknown" in str(failure)
    assert sink.received == []


def test_a_connection_cut_after_the_dot_leaves_the_outcome_unknown(sink: SmtpSink) -> None:
    sink.will_answer("DATA", CUT)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer)

    assert isinstance(failure, OutcomeUnknown)
    assert "the outcome is unknown" in str(failure)
    assert len(sink.received) == 1


def test_silence_after_the_dot_leaves_the_outcome_unknown(sink: SmtpSink) -> None:
    sink.delay = 60
    with mailer_to(sink, final_patience=0.2) as mailer:
        failure = failure_of(mailer)

    assert isinstance(failure, OutcomeUnknown)
    assert len(sink.received) == 1


def test_a_connection_cut_before_the_dot_is_a_failure(sink: SmtpSink) -> None:
    sink.will_answer("BEFORE DATA", CUT)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail(text="more than any buffer holds\n" * 2**20))

        assert type(failure) is AttemptFailed
        mailer.send(a_mail())

    assert len(sink.received) == 1


def test_a_late_answer_is_waited_for(sink: SmtpSink) -> None:
    sink.delay = 2.5
    with mailer_to(sink, patience=2.0) as mailer:
        mailer.send(a_mail())

    assert len(sink.accepted) == 1
    assert inspect.signature(Smtp).parameters["final_patience"].default >= 60


def test_a_server_that_never_greets_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mailer = Smtp("127.0.0.1", silent.getsockname()[1], SENDER, patience=0.3)

        assert type(failure_of(mailer)) is AttemptFailed


def test_nobody_there_is_a_failure() -> None:
    port = free_port()
    failure = failure_of(Smtp("127.0.0.1", port, SENDER))

    assert type(failure) is AttemptFailed
    assert f"mail server 127.0.0.1:{port}: " in str(failure)


def test_a_connection_serves_one_mail_after_another(sink: SmtpSink) -> None:
    with mailer_to(sink) as mailer:
        for _ in range(5):
            mailer.send(a_mail())

    assert (len(sink.accepted), sink.connections) == (5, 1)


@pytest.mark.parametrize("reply", [CUT, "421 4.4.2 idle for too long"])
def test_a_connection_that_has_died_meanwhile_is_replaced(sink: SmtpSink, reply: str) -> None:
    sink.will_answer("MAIL", "250 OK", reply)
    with mailer_to(sink) as mailer:
        mailer.send(a_mail())
        mailer.send(a_mail())

    assert (len(sink.accepted), sink.connections) == (2, 2)


def test_a_closed_mailer_opens_a_new_connection(sink: SmtpSink) -> None:
    with mailer_to(sink) as mailer:
        mailer.send(a_mail())
        mailer.close()
        mailer.send(a_mail())

    assert (len(sink.accepted), sink.connections) == (2, 2)


def test_international_addresses_go_to_servers_that_know_them(sink: SmtpSink) -> None:
    with mailer_to(sink) as mailer:
        mailer.send(a_mail("δοκιμή@παράδειγμα.example", "ann@example.com"))
        mailer.send(a_mail())

    assert sink.accepted[0].recipients == ("δοκιμή@xn--hxajbheg2az3al.example", "ann@example.com")
    assert "δοκιμή@xn--hxajbheg2az3al.example".encode() in sink.accepted[0].content


def test_international_addresses_are_refused_where_nobody_knows_them() -> None:
    with smtp_sink(utf8=False) as sink, mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail("δοκιμή@example.com"))

    assert isinstance(failure, PermanentFailure)
    assert "SMTPUTF8" in str(failure)
    assert sink.commands == []


def test_what_is_sent_needs_no_eight_bit_server(sink: SmtpSink) -> None:
    with mailer_to(sink) as mailer:
        mailer.send(Mail(("ann@bücher.example",), "Grüße", "Ä\n", "<p>ö</p>", "<1@example.com>"))

    assert sink.accepted[0].content.isascii()


def test_a_sender_may_have_an_international_domain_and_any_name(sink: SmtpSink) -> None:
    sender = "Jürgen Müller <jobs@straße.example>"
    with closing(Smtp("127.0.0.1", sink.port, sender)) as mailer:
        mailer.send(a_mail())

        assert mailer.domain == "xn--strae-oqa.example"
    [mail] = sink.accepted
    assert mail.sender == "jobs@xn--strae-oqa.example"
    message = message_from_bytes(mail.content, policy=default)
    assert message["From"] == "Jürgen Müller <jobs@xn--strae-oqa.example>"


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def server_tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_mail_is_encrypted_and_the_sender_known(trusted: trustme.CA) -> None:
    with smtp_sink(server_tls(trusted)) as sink:
        sink.logins["jobs"] = "secret"
        with mailer_to(sink, tls="starttls", user="jobs", password="secret") as mailer:
            mailer.send(a_mail())
            mailer.send(a_mail())

    assert [mail.encrypted for mail in sink.accepted] == [True, True]
    assert sink.commands.count("AUTH") == 1


def test_a_wrong_password_is_final(trusted: trustme.CA) -> None:
    with (
        smtp_sink(server_tls(trusted)) as sink,
        mailer_to(sink, tls="starttls", user="jobs", password="guess") as mailer,
    ):
        failure = failure_of(mailer)

    assert isinstance(failure, PermanentFailure)
    assert "535" in str(failure)
    assert "guess" not in str(failure)
    assert sink.received == []


def test_nothing_is_sent_in_clear_where_encryption_is_demanded(sink: SmtpSink) -> None:
    with mailer_to(sink, tls="starttls") as mailer:
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "STARTTLS" in str(failure)
    assert sink.commands == []


@pytest.mark.parametrize("certificate", ["of an unknown authority", "for another name"])
def test_nothing_is_sent_under_a_bad_certificate(trusted: trustme.CA, certificate: str) -> None:
    authority, name = {
        "of an unknown authority": (trustme.CA(), "127.0.0.1"),
        "for another name": (trusted, "mail.example.com"),
    }[certificate]
    with (
        smtp_sink(server_tls(authority, name)) as sink,
        mailer_to(sink, tls="starttls") as mailer,
    ):
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "certificate" in str(failure)
    assert sink.commands == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "jobs", "password": "secret"}, "MAIL_USER.*MAIL_TLS=starttls"),
        ({"tls": "ssl"}, "MAIL_TLS: expected none or starttls, got 'ssl'"),
        ({"sender": ""}, "MAIL_FROM: expected an address"),
        ({"sender": "nobody"}, "MAIL_FROM: expected an address"),
        ({"sender": "a@example.com, b@example.com"}, "MAIL_FROM: expected an address"),
        ({"sender": "a@example.com\r\nBcc: b@example.com"}, "MAIL_FROM: expected an address"),
        ({"sender": "jürgen@example.com"}, "MAIL_FROM: expected an address"),
        ({"sender": "jobs@☕.example"}, "MAIL_FROM: expected an address"),
    ],
)
def test_a_wrong_configuration_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Smtp("127.0.0.1", 25, **{"sender": SENDER, **options})
