"""A deployment fails by the name of what is wrong, and what can work does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.waiting import wait_until
from stack.web import call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.local_stack import LocalStack

SECONDS = 60
WRONG = {"MAIL_FROM": "Acme, Inc. <jobs@example.com>"}
EXPORT = {"data": [{"n": 1}]}
MAIL = {"to": "ann@example.com", "subject": "S", "body": "B"}


@pytest.fixture(scope="module")
def mended(stack: LocalStack) -> Iterator[LocalStack]:
    """The stack, which is deployed with good settings again afterwards."""
    try:
        yield stack
    finally:
        stack.command("deploy")


@pytest.mark.parametrize("command", ["deploy", "up"])
def test_a_sender_that_is_none_fails_the_deployment_and_mails_only(
    mended: LocalStack, command: str
) -> None:
    failed = mended.command(command, also=WRONG, check=False)
    assert failed.returncode == 1
    assert "MAIL_FROM: expected an address" in failed.stderr
    assert "Traceback" not in failed.stderr

    export = mended.api.submit("CSV_EXPORT", EXPORT)
    letter = mended.api.submit("EMAIL_SEND", MAIL, maxAttempts=1)
    assert mended.api.finished(export, seconds=SECONDS)["status"] == "completed"
    ended = mended.api.finished(letter, seconds=SECONDS)
    assert (ended["status"], ended["error"][:10]) == ("failed", "MAIL_FROM:")

    status, health = call(f"{mended.url}/health")
    assert (status, health["parts"]["mail"]["fault"]) == (200, "not valid: MAIL_FROM")
    shown = mended.command("status", check=False)
    assert (shown.returncode, "mail: not valid: MAIL_FROM" in shown.stdout) == (1, True)


def test_it_is_mended_by_the_next_deployment(mended: LocalStack) -> None:
    mended.command("deploy")
    letter = mended.api.submit("EMAIL_SEND", MAIL)
    assert mended.api.finished(letter, seconds=SECONDS)["status"] == "completed"
    wait_until(
        lambda: mended.command("status", check=False).returncode == 0, "status", seconds=SECONDS
    )


def test_a_setting_that_every_job_needs_fails_the_deployment_by_its_name(
    mended: LocalStack,
) -> None:
    failed = mended.command("deploy", also={"CORS_ORIGINS": "http://localhost:99999x"}, check=False)
    assert failed.returncode == 1
    assert "CORS" in failed.stderr
