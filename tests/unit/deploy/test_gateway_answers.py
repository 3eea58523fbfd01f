"""What the gateway answers by itself is a problem document like any other."""

from __future__ import annotations

import json
from string import Template
from typing import Any

import pytest

from support.template import resource

ANSWERS: dict[str, Any] = resource("Api")["GatewayResponses"]


@pytest.mark.parametrize("kind", ANSWERS)
def test_it_is_a_problem_document_with_its_own_status(kind: str) -> None:
    answer = ANSWERS[kind]
    ((content_type, body),) = answer["ResponseTemplates"].items()
    # The gateway fills this one in with its quotes.
    document = json.loads(body.replace("$context.error.messageString", '"why"'))

    assert content_type == "application/problem+json"
    assert document.keys() == {"type", "title", "status", "detail"}
    assert document["status"] == answer["StatusCode"]
    assert document["type"].startswith("urn:problem-type:sluice:")
    assert Template(body).get_identifiers() in ([], ["context"])


def test_nothing_is_left_to_the_gateways_own_words() -> None:
    assert ANSWERS.keys() >= {"DEFAULT_4XX", "DEFAULT_5XX"}


def test_a_client_that_is_too_fast_is_told_when_to_come_back() -> None:
    assert ANSWERS["THROTTLED"]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'"
