"""Mail servers that refuse, fall silent or hang up, and what is known about the mail then."""

from __future__ import annotations

import inspect
import random
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
from jobs.core.ports.mail import Delivery, Mail, Mailbox, Refusal
from outside.smtp import CUT, SmtpSink, smtp_sink
from stack.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SENDER = "jobs@example.com"
ANN, BOB, CARLA = "ann@example.com", "bob@example.com", "carla@example.com"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as server:
        yield server


@contextmanager
def mailer_to(sink: SmtpSink, **options: Any) -> Iterator[Smtp]:
    with closing(Smtp("127.0.0.1", sink.port, SENDER, **options)) as mailer:
        yield mailer


def a_mail(*to: str, text: str = "How are you?\n") -> Mail:
    return Mail(tuple(map(Mailbox, to or (ANN,))), "Hello", text, None, f"<{uuid4()}@example.com>")


def addresses(mail: Mail) -> tuple[str, ...]:
    return tuple(each.address for each in mail.to)


def refused(address: str, reply: str) -> dict[str, str]:
    return {"address": address, "reply": reply}


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
    assert failure.partial == {
        "accepted": [],
        "refused": [refused(ANN, "550 5.1.1 no such mailbox")],
    }
    assert sink.accepted == []


REPLIES_TO_OTHERS = [
    ("GREETING", "554 5.3.2 not today", "connect"),
    ("GREETING", "what do you want?", "connect"),
    ("EHLO", "554 5.7.1 who are you", "EHLO"),
    ("EHLO", "421 4.3.2 too many of you", "EHLO"),
    ("STARTTLS", "554 5.7.0 no", "STARTTLS"),
    ("STARTTLS", "454 4.7.0 TLS not available", "STARTTLS"),
    ("AUTH", "535 5.7.8 password expired", "AUTH"),
    ("AUTH", "454 4.7.0 try later", "AUTH"),
    ("AUTH", "what?", "AUTH"),
    ("MAIL", "530 5.7.0 authentication required", "MAIL"),
    ("RCPT", "530 5.7.0 must issue a STARTTLS command first", "RCPT"),
    ("BEFORE DATA", "530 5.7.0 authentication required", "DATA"),
]


@pytest.mark.parametrize(("command", "reply", "step"), REPLIES_TO_OTHERS)
def test_what_is_not_about_the_mail_is_tried_again_and_says_so(
    trusted: trustme.CA, command: str, reply: str, step: str
) -> None:
    mail = a_mail(ANN, BOB)
    with smtp_sink(server_tls(trusted)) as sink:
        sink.logins["jobs"] = "secret"
        sink.will_answer(command, reply)
        # The client tries HELO instead, and the second way to log in.
        if command == "EHLO":
            sink.will_answer("HELO", reply)
        if command == "AUTH":
            sink.will_answer("AUTH", reply)
        with mailer_to(sink, tls="starttls", user="jobs", password="secret") as mailer:
            failure = failure_of(mailer, mail)
            assert mailer.send(mail).accepted == (ANN, BOB)

    assert type(failure) is AttemptFailed
    assert f"{ANN}, {BOB}: {step}: " in str(failure)
    assert "not about the mail" in str(failure)
    assert reply[4:] in str(failure)
    assert failure.partial is None


def test_a_login_that_smtp_has_no_letters_for_is_named(trusted: trustme.CA) -> None:
    with (
        smtp_sink(server_tls(trusted)) as sink,
        mailer_to(sink, tls="starttls", user="jobs", password="gehéim") as mailer,
    ):
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "AUTH: " in str(failure)
    assert "é" not in str(failure)
    assert sink.received == []


# Several recipients


def test_who_is_refused_for_now_gets_the_mail_later_and_the_others_at_once(sink: SmtpSink) -> None:
    sink.will_answer_for(BOB, "450 4.2.0 greylisted")
    mail = a_mail(ANN, BOB, CARLA)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)

        assert type(failure) is AttemptFailed
        assert f"{BOB}: 450 4.2.0 greylisted" in str(failure)
        assert "2 of 3 have the mail" in str(failure)
        assert failure.partial == {"accepted": [ANN, CARLA], "refused": []}

        delivery = mailer.send(mail, Delivery.of(failure.partial))

    assert delivery == Delivery((ANN, CARLA, BOB))
    assert [mail.recipients for mail in sink.accepted] == [(ANN, CARLA), (BOB,)]


def test_who_is_refused_for_good_is_named_and_not_tried_again(sink: SmtpSink) -> None:
    sink.will_answer_for(ANN, "550 5.1.1 unknown\x07")
    sink.will_answer_for(BOB, "451 later", "250 OK")
    mail = a_mail(ANN, BOB, CARLA)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)
        delivery = mailer.send(mail, Delivery.of(failure.partial))

    assert type(failure) is AttemptFailed
    assert delivery.accepted == (CARLA, BOB)
    assert delivery.refusals() == [refused(ANN, "550 5.1.1 unknown")]
    assert sink.deliveries() == {BOB: 1, CARLA: 1}


def test_a_mail_that_all_refuse_is_final(sink: SmtpSink) -> None:
    sink.will_answer_for(ANN, "550 unknown")
    sink.will_answer_for(BOB, "551 moved")
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail(ANN, BOB))

    assert isinstance(failure, PermanentFailure)
    assert f"{ANN}: 550 unknown; {BOB}: 551 moved" in str(failure)
    assert sink.commands == ["MAIL", "RCPT", "RCPT"]


def test_the_last_one_refused_completes_what_others_have_got(sink: SmtpSink) -> None:
    sink.will_answer_for(BOB, "450 later", "550 gone")
    mail = a_mail(ANN, BOB)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)
        delivery = mailer.send(mail, Delivery.of(failure.partial))

    assert delivery == Delivery((ANN,), (Refusal(BOB, "550 gone"),))


@pytest.mark.parametrize("reply", ["452 4.5.3 too many recipients", "552 too many recipients"])
def test_a_server_gets_no_more_recipients_at_once_than_it_takes(sink: SmtpSink, reply: str) -> None:
    sink.will_answer("RCPT", "250 OK", "250 OK", reply, reply, reply, "250 OK", "250 OK", reply)
    mail = a_mail(*(f"{n}@example.com" for n in range(5)))
    with mailer_to(sink) as mailer:
        delivery = mailer.send(mail)

    assert delivery == Delivery(addresses(mail))
    assert [len(mail.recipients) for mail in sink.accepted] == [2, 2, 1]
    assert sink.deliveries() == dict.fromkeys(addresses(mail), 1)
    assert sink.connections == 1


@pytest.mark.parametrize(
    ("reply", "kind"), [("452 mailbox full", AttemptFailed), ("552 full", PermanentFailure)]
)
def test_a_mailbox_that_is_full_is_not_tried_without_end(
    sink: SmtpSink, reply: str, kind: type[AttemptFailed]
) -> None:
    sink.will_answer("RCPT", *[reply] * 20)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail(ANN, BOB))

    assert type(failure) is kind
    assert sink.commands.count("RCPT") == 2


def test_fifty_recipients_at_most_are_named_at_once(sink: SmtpSink) -> None:
    mail = a_mail(*(f"{n}@example.com" for n in range(120)))
    with mailer_to(sink) as mailer:
        delivery = mailer.send(mail)

    assert delivery == Delivery(addresses(mail))
    assert [len(mail.recipients) for mail in sink.accepted] == [50, 50, 20]
    assert sink.deliveries() == dict.fromkeys(addresses(mail), 1)


@pytest.mark.parametrize("closes", [True, False])
def test_a_server_that_has_enough_of_one_recipient_gets_the_others(
    sink: SmtpSink, *, closes: bool
) -> None:
    sink.will_answer_for(BOB, f"421 4.7.0 slow down{CUT if closes else ''}")
    mail = a_mail(ANN, BOB, CARLA)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)
        delivery = mailer.send(mail, Delivery.of(failure.partial))

    assert type(failure) is AttemptFailed
    assert f"{BOB}: 421 4.7.0 slow down" in str(failure)
    assert delivery == Delivery((ANN, CARLA, BOB))
    assert sink.deliveries() == dict.fromkeys(addresses(mail), 1)


def test_a_server_that_has_enough_of_us_is_left_alone(sink: SmtpSink) -> None:
    sink.will_answer("RCPT", *[f"421 4.3.2 shutting down{CUT}"] * 20)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, a_mail(ANN, BOB, CARLA))

    assert type(failure) is AttemptFailed
    assert "421 4.3.2 shutting down" in str(failure)
    assert sink.connections == 1


def test_a_connection_cut_at_a_recipient_costs_the_others_nothing(sink: SmtpSink) -> None:
    sink.will_answer_for(BOB, CUT)
    mail = a_mail(ANN, BOB, CARLA)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)

    assert type(failure) is AttemptFailed
    assert failure.partial == {"accepted": [ANN, CARLA], "refused": []}


def test_content_that_is_refused_is_refused_for_those_it_was_sent_for(sink: SmtpSink) -> None:
    sink.will_answer("DATA", "554 5.7.1 spam", "250 OK")
    mail = a_mail(*(f"{n}@example.com" for n in range(60)))
    with mailer_to(sink) as mailer:
        delivery = mailer.send(mail)

    assert delivery.accepted == addresses(mail)[50:]
    assert [each.address for each in delivery.refused] == [*addresses(mail)[:50]]


def test_an_answer_that_is_lost_leaves_open_only_whom_it_was_about(sink: SmtpSink) -> None:
    sink.will_answer("DATA", "250 OK", CUT)
    mail = a_mail(*(f"{n}@example.com" for n in range(120)))
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer, mail)
        delivery = mailer.send(mail, Delivery.of(failure.partial))

    assert isinstance(failure, OutcomeUnknown)
    assert "50@example.com, 51@example.com, 52@example.com and 47 more: the connection" in str(
        failure
    )
    assert failure.partial == {"accepted": [*addresses(mail)[:50]], "refused": []}
    assert delivery == Delivery(addresses(mail))
    assert sink.deliveries() == dict.fromkeys(addresses(mail), 1)


def test_one_mailbox_gets_one_mail_however_its_domain_is_spelled(sink: SmtpSink) -> None:
    mail = a_mail(
        "ann@straße.example",
        "ann@STRASSE.example",
        "ann@XN--Strae-oqa.example",
        ANN,
        "ann@Example.COM",
    )
    with mailer_to(sink) as mailer:
        delivery = mailer.send(mail)

    assert delivery.accepted == ("ann@straße.example", "ann@STRASSE.example", ANN)
    assert sink.accepted[0].recipients == (
        "ann@xn--strae-oqa.example",
        "ann@STRASSE.example",
        ANN,
    )


def test_a_cancelled_attempt_begins_no_further_transaction(sink: SmtpSink) -> None:
    mail = a_mail(*(f"{n}@example.com" for n in range(60)))
    with mailer_to(sink) as mailer, pytest.raises(AttemptFailed, match="cancelled") as failed:
        mailer.send(mail, cancelled=lambda: bool(sink.accepted))

    assert failed.value.partial == {"accepted": [*addresses(mail)[:50]], "refused": []}
    assert len(sink.received) == 1


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_server_says_nobody_gets_a_mail_twice_or_is_forgotten(seed: int) -> None:
    """Attempt after attempt with a server that answers by chance, but never leaves an end open."""
    chance = random.Random(seed)
    recipients = [f"{n}@example.com" for n in range(chance.choice([1, 2, 5, 60]))]
    mail = a_mail(*recipients)
    replies = ["250 OK"] * 6 + ["450 a", "451 b", "452 c", "421 d", f"421 e{CUT}", CUT]
    replies += ["550 f", "552 g", "530 h", "251 i", "no reply", ""]
    with smtp_sink() as sink, mailer_to(sink) as mailer:
        for command, said in {
            "GREETING": ["220 hello", "554 a", "421 b"],
            "EHLO": ["554 a", "421 b", CUT],
            "MAIL": ["250 OK", "250 OK", "451 a", "421 b", "530 c", "no reply", ""],
            "BEFORE DATA": ["354", "354", "354", "451 a", "554 b", "250 what", "503 c", CUT],
            "DATA": ["250 OK", "250 OK", "250 OK", "450 a", "421 b", "550 c"],
        }.items():
            sink.will_answer(command, *chance.choices(said, k=chance.randrange(8)))
        for address in recipients:
            sink.will_answer_for(address, *chance.choices(replies, k=chance.randrange(5)))
        delivery = Delivery()
        for _ in range(200):
            delivery, done = attempt(mailer, mail, delivery)
            if done:
                break

    assert {*delivery.accepted, *(each.address for each in delivery.refused)} == {*recipients}
    assert sink.deliveries() == dict.fromkeys(delivery.accepted, 1)


def attempt(mailer: Smtp, mail: Mail, earlier: Delivery) -> tuple[Delivery, bool]:
    """What is delivered after one attempt, and whether no other follows."""
    try:
        return mailer.send(mail, earlier), True
    except PermanentFailure as failure:
        return Delivery.of(failure.partial), True
    except AttemptFailed as failure:
        return Delivery.of(failure.partial), False


# What is known after the content


def test_a_connection_cut_after_the_dot_leaves_the_outcome_unknown(sink: SmtpSink) -> None:
    sink.will_answer("DATA", CUT)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer)

    assert isinstance(failure, OutcomeUnknown)
    assert "the outcome is unknown" in str(failure)
    assert len(sink.received) == 1


@pytest.mark.parametrize(
    "said",
    ["", "taken", "what?\r\n250 OK", "25", "25O taken", "999 ok", "100 ok", "354 ok", "2" * 9000],
)
def test_what_is_no_answer_to_the_content_leaves_the_outcome_unknown(
    sink: SmtpSink, said: str
) -> None:
    sink.will_answer("DATA", said)
    with mailer_to(sink) as mailer:
        failure = failure_of(mailer)

        assert isinstance(failure, OutcomeUnknown)
        assert "the outcome is unknown" in str(failure)
        assert len(sink.received) == 1
        mailer.send(a_mail())

    assert sink.connections == 2


@pytest.mark.parametrize("said", ["250-taken\r\n250 really", "250", "251 taken", "200 fine"])
def test_every_form_of_a_yes_is_one(sink: SmtpSink, said: str) -> None:
    sink.will_answer("DATA", said)
    with mailer_to(sink) as mailer:
        mailer.send(a_mail())

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
        mailer.send(
            Mail((Mailbox("ann@bücher.example"),), "Grüße", "Ä\n", "<p>ö</p>", "<1@example.com>")
        )

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


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_is_encrypted_and_the_sender_known(trusted: trustme.CA, tls: str) -> None:
    with smtp_sink(server_tls(trusted), implicit=tls == "implicit") as sink:
        sink.logins["jobs"] = "secret"
        with mailer_to(sink, tls=tls, user="jobs", password="secret") as mailer:
            mailer.send(a_mail())
            mailer.send(a_mail())

    assert [mail.encrypted for mail in sink.accepted] == [True, True]
    assert sink.commands.count("AUTH") == 1


def test_a_wrong_password_is_tried_again(trusted: trustme.CA) -> None:
    with (
        smtp_sink(server_tls(trusted)) as sink,
        mailer_to(sink, tls="starttls", user="jobs", password="guess") as mailer,
    ):
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "AUTH: 535" in str(failure)
    assert "guess" not in str(failure)
    assert sink.received == []


def test_nothing_is_sent_in_clear_where_encryption_is_demanded(sink: SmtpSink) -> None:
    with mailer_to(sink, tls="starttls") as mailer:
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "STARTTLS" in str(failure)
    assert sink.commands == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("certificate", ["of an unknown authority", "for another name"])
def test_nothing_is_sent_under_a_bad_certificate(
    trusted: trustme.CA, certificate: str, tls: str
) -> None:
    authority, name = {
        "of an unknown authority": (trustme.CA(), "127.0.0.1"),
        "for another name": (trusted, "mail.example.com"),
    }[certificate]
    with (
        smtp_sink(server_tls(authority, name), implicit=tls == "implicit") as sink,
        mailer_to(sink, tls=tls) as mailer,
    ):
        failure = failure_of(mailer)

    assert type(failure) is AttemptFailed
    assert "certificate" in str(failure)
    assert sink.commands == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "jobs", "password": "secret"}, "MAIL_USER.*MAIL_TLS=starttls"),
        ({"tls": "ssl"}, "MAIL_TLS: expected none, starttls or implicit, got 'ssl'"),
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
