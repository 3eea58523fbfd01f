"""The front's problem documents for gateway errors are those of the template."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from stack import gateway_errors
from stack.gateway_errors import DEFAULT_4XX, DEFAULT_5XX, GatewayError, error_for
from stack.paths import ROOT

MESSAGE = "the gateway's message"


class Loader(yaml.SafeLoader):
    """Reads a template and ignores CloudFormation's short tags."""


Loader.add_multi_constructor("!", lambda *_: None)
TEMPLATE: Any = yaml.load((ROOT / "template.yaml").read_text(), Loader)
RESPONSES = TEMPLATE["Resources"]["Api"]["Properties"]["GatewayResponses"]
OURS = {
    "DEFAULT_4XX": DEFAULT_4XX,
    "DEFAULT_5XX": DEFAULT_5XX,
    "MISSING_AUTHENTICATION_TOKEN": gateway_errors.MISSING_AUTHENTICATION_TOKEN,
    "ACCESS_DENIED": error_for(403, None),
    "REQUEST_TOO_LARGE": error_for(413, None),
    "UNSUPPORTED_MEDIA_TYPE": error_for(415, None),
    "THROTTLED": error_for(429, None),
    "INTEGRATION_TIMEOUT": error_for(504, None),
}


def test_the_template_knows_the_same_answers() -> None:
    assert set(RESPONSES) == set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_an_answer_is_the_templates(name: str) -> None:
    text = RESPONSES[name]["ResponseTemplates"]["application/problem+json"]
    filled = re.sub(r"\$context\.error\.messageString", json.dumps(MESSAGE), text)
    assert json.loads(OURS[name].body(MESSAGE)) == json.loads(filled)
    assert OURS[name].status == RESPONSES[name]["StatusCode"]
    headers = RESPONSES[name]["ResponseParameters"]["Headers"]
    assert {header: f"'{value}'" for header, value in gateway_errors.HEADERS.items()}.items() <= (
        headers.items()
    )


@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (403, "MissingAuthenticationTokenException", gateway_errors.MISSING_AUTHENTICATION_TOKEN),
        (403, "MissingAuthenticationTokenException:http://x", OURS["MISSING_AUTHENTICATION_TOKEN"]),
        (400, None, DEFAULT_4XX),
        (502, "InternalServerErrorException", DEFAULT_5XX),
    ],
)
def test_the_emulated_gateways_answers_are_understood(
    status: int, error_type: str | None, expected: GatewayError
) -> None:
    assert error_for(status, error_type) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"Message": "x"}'])
def test_a_body_without_a_message_is_no_obstacle(body: bytes) -> None:
    assert gateway_errors.message_of(body)
