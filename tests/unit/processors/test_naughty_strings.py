"""Naughty strings come out as they went in, or are refused by name; nothing else breaks."""

from __future__ import annotations

import csv
import email
import io
import json
from email.header import decode_header, make_header
from email.parser import HeaderParser
from email.policy import SMTP, compat32
from email.utils import getaddresses
from typing import TYPE_CHECKING

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import AttemptFailed
from jobs.core.job_type import JobContext
from jobs.processors import JOB_TYPES
from support.claims import JOB_ID, a_claim
from support.gateway import post
from support.naughty import STORABLE, STRINGS

if TYPE_CHECKING:
    from support.world import World

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type"]


def test_there_are_many_of_them() -> None:
    assert len(STRINGS) > 150
    assert len(STORABLE) > 150


@pytest.mark.parametrize("text", STRINGS, ids=lambda text: ascii(text)[:40])
def test_one_is_taken_at_the_door_unless_no_database_could_keep_it(world: World, text: str) -> None:
    answer = post({"type": "EMAIL_SEND", "payload": {text: text, "list": [text]}})

    assert answer.status == (201 if text in STORABLE else 400)
    rows = [row.job.payload for row in world.store.rows.values()]
    assert rows == ([{text: text, "list": [text]}] if text in STORABLE else [])


def test_as_cells_and_column_names_they_can_be_read_back() -> None:
    objects = FakeObjects()
    rows = [{"text": text, text: "x"} for text in STORABLE]
    claim = a_claim("CSV_EXPORT", {"data": rows, "formulas": "keep"})
    JOB_TYPES["CSV_EXPORT"].process(claim, JobContext(objects, FakeMailer()))
    file = objects.contents[f"output/{JOB_ID}.csv"].decode()
    columns, *lines = csv.reader(io.StringIO(file, newline=""))

    assert columns == list(dict.fromkeys(["text", *STORABLE]))
    assert [line[0] for line in lines] == [row["text"] for row in rows]


@pytest.mark.parametrize("text", STORABLE, ids=lambda text: ascii(text)[:40])
def test_as_subject_and_body_of_a_mail_one_adds_no_header(text: str) -> None:
    mailer = FakeMailer()
    payload = {"to": "ann@example.com", "subject": text, "body": text, "html": text}
    claim = a_claim("EMAIL_SEND", json.loads(json.dumps(payload)))
    refused = None
    try:
        JOB_TYPES["EMAIL_SEND"].process(claim, JobContext(FakeObjects(), mailer))
    except AttemptFailed as refusal:
        refused = str(refusal)
    if refused is not None:
        # Some become a Subject that would be two lines.
        assert "ubject" in refused
        assert mailer.sent == []
        return
    [message] = mailer.sent
    parsed = email.message_from_bytes(message.content, policy=SMTP)

    assert set(parsed.keys()) <= {*HEADERS, "MIME-Version", "Content-Transfer-Encoding"}
    assert all(len(parsed.get_all(name, [])) <= 1 for name in HEADERS)
    assert parsed["To"] == "ann@example.com"
    assert parsed["Subject"].split() == text.split()
    assert [*message.recipients] == ["ann@example.com"]
    body = parsed.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == (text or "\n").splitlines()


@pytest.mark.parametrize("text", STORABLE, ids=lambda text: ascii(text)[:40])
def test_as_a_recipient_one_is_an_address_or_refused(text: str) -> None:
    mailer = FakeMailer()
    payload = {"to": text, "subject": "s", "body": "b"}
    with pytest.raises(AttemptFailed, match=r"payload\.to: expected an address"):
        JOB_TYPES["EMAIL_SEND"].process(
            a_claim("EMAIL_SEND", payload), JobContext(FakeObjects(), mailer)
        )
    assert mailer.sent == []


@pytest.mark.parametrize("text", STORABLE, ids=lambda text: ascii(text)[:40])
def test_as_the_name_of_a_recipient_one_comes_out_as_it_went_in_or_is_refused(text: str) -> None:
    mailer = FakeMailer()
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    payload = {"to": f'"{quoted}" <ann@example.com>', "subject": "s", "body": "b"}
    claim = a_claim("EMAIL_SEND", payload)
    refused = None
    try:
        JOB_TYPES["EMAIL_SEND"].process(claim, JobContext(FakeObjects(), mailer))
    except AttemptFailed as refusal:
        refused = str(refusal)
    if refused is not None:
        assert "payload.to: expected an address" in refused
        assert not text.isprintable() or len(text) > 200 or "=?" in text
        return
    [message] = mailer.sent
    headers = HeaderParser(policy=compat32).parsestr(message.content.decode("ascii"))

    assert set(headers.keys()) <= {*HEADERS, "MIME-Version", "Content-Transfer-Encoding"}
    [(name, address)] = getaddresses(headers.get_all("To", []))
    assert address == "ann@example.com"
    assert str(make_header(decode_header(name))).split() == text.split()
