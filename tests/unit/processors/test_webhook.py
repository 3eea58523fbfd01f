"""What a client may ask to be told, and how what is told is signed."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from fakes.mailer import FakeMailer
from fakes.objects import FakeObjects
from jobs.core.errors import AttemptFailed, InvalidJob, PermanentFailure
from jobs.core.job_type import JobContext, ProcessorSettings
from jobs.processors import ALL_TYPES, JOB_TYPES
from jobs.processors.internal.webhook import process, signature
from support.claims import JOB_ID, a_claim
from support.gateway import post

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.core.submit import Submit
    from support.world import World

URL = "https://example.com/hooks?a=b"
BODY: dict[str, Any] = {"type": "CSV_EXPORT", "payload": {}, "callbackUrl": URL}
TOLD = {"url": URL, "job": {"id": "1", "status": "completed", "updatedAt": "now"}}


class Recorder:
    """A way out that answers with `status`."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.sent.append((url, body, dict(headers)))
        return self.status


def told(status: int, secret: str = "x" * 32) -> Recorder:
    web = Recorder(status)
    context = JobContext(
        FakeObjects(),
        FakeMailer(),
        public_http=web,
        settings=ProcessorSettings(callback_secret=secret),
    )
    process(a_claim("CALLBACK", TOLD), context, lambda: 1_700_000_000.9)
    return web


def submit(world: World, *, callbacks: bool = True) -> Submit:
    made = replace(world.api()).submit
    made._callbacks = callbacks
    return made


def test_a_callback_is_kept_with_its_job(world: World) -> None:
    job = submit(world)(BODY).job
    assert world.store.rows[job.id].job.callback_url == URL


def test_without_a_secret_to_sign_with_none_is_taken(world: World) -> None:
    answer = post(BODY)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/callbackUrl")
    assert "CALLBACK_SECRET" in answer.json["detail"]
    with pytest.raises(InvalidJob) as refused:
        submit(world, callbacks=False).many({"jobs": [BODY | {"callbackUrl": URL}]})
    assert [each.pointer for each in refused.value.problems] == ["/jobs/0/callbackUrl"]
    assert world.store.rows == {}


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "example.com",
        "//example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "https://user:pass@example.com",
        "https://user@example.com",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://[::1/",
        "https://example.com/ x",
        "https://example.com/\r\nX: y",
        "https://exämple.com/",
        "HTTPS://EXAMPLE.COM",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_what_is_no_address_is_refused(world: World, url: object) -> None:
    with pytest.raises(InvalidJob, match="not a valid job"):
        submit(world)(BODY | {"callbackUrl": url})
    assert world.store.rows == {}


@pytest.mark.usefixtures("world")
def test_no_client_may_hand_in_what_jobs_make() -> None:
    assert set(ALL_TYPES) - set(JOB_TYPES) == {"CALLBACK", "EVENT"}
    for internal in ("CALLBACK", "EVENT"):
        assert post({"type": internal, "payload": TOLD}).status == 400


def test_what_is_told_is_signed_as_standard_webhooks_has_it() -> None:
    web = told(204)
    [(url, body, headers)] = web.sent
    assert (url, headers["webhook-id"]) == (URL, str(JOB_ID))
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == signature("x" * 32, str(JOB_ID), "1700000000", body)


def test_the_signature_of_the_standards_own_example() -> None:
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.mark.parametrize("status", [199, 301, 307, 400, 404, 429, 500, 503])
def test_every_other_answer_is_tried_again(status: int) -> None:
    with pytest.raises(AttemptFailed, match=str(status)) as failed:
        told(status)
    assert not isinstance(failed.value, PermanentFailure)


def test_gone_is_final_and_no_secret_no_way() -> None:
    with pytest.raises(PermanentFailure, match="410"):
        told(410)
    with pytest.raises(AttemptFailed, match="CALLBACK_SECRET"):
        told(204, secret="")
