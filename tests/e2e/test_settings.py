"""A setting reaches the functions as it was set."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest

from stack.settings import MAX_BYTES
from support.naughty import STORABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.local_stack import LocalStack

SECONDS = 60
MAIL = {"to": "test@example.com", "subject": "About senders", "body": "Hello"}
SENDER = "Jürgen Müller <jobs@example.com>"
EDGES = "\"' \\ "
"""What the way to a function may take off at the ends of a value."""


def hostile() -> str:
    """As many naughty strings as a function takes beside its other settings.

    LocalStack measures them as JSON, with an escape for each character beyond ASCII.
    """
    value = ""
    for each in STORABLE:
        longer = f"{value}{each}\\"
        plain = not any(unicodedata.category(c) == "Cc" for c in each)
        if plain and len(json.dumps(longer)) < MAX_BYTES // 2:
            value = longer
    return EDGES + value + EDGES


@pytest.fixture
def chosen(stack: LocalStack) -> Iterator[dict[str, str]]:
    """Settings that are deployed for this test."""
    settings = {"MAIL_FROM": SENDER, "MAIL_PASSWORD": hostile()}
    stack.command("deploy", also=settings)
    yield settings
    stack.command("deploy")


def test_settings_reach_the_functions_as_they_were_set(
    stack: LocalStack, chosen: dict[str, str]
) -> None:
    poller = stack.outputs.poller_function
    deployed = stack.aws("lambda").get_function_configuration(FunctionName=poller)
    variables = deployed["Environment"]["Variables"]
    assert {name: variables[name] for name in chosen} == chosen
    stack.mail.clear()
    job = stack.api.finished(stack.api.submit("EMAIL_SEND", MAIL), seconds=SECONDS)
    assert job["status"] == "completed"
    [message] = stack.mail.messages()
    assert message["From"] == SENDER
