"""API Gateway for tests: requests as the events it makes of them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from api.app import app

JSON = "application/json"


class Context:
    """Lambda's description of an invocation."""

    def __init__(self) -> None:
        self.aws_request_id = str(uuid4())


@dataclass(frozen=True)
class Answer:
    """An answer. `headers`: by their names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def event(
    method: str,
    resource: str,
    *,
    body: str | bytes | None = None,
    headers: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    **path: str,
) -> dict[str, Any]:
    """A request to `resource` (`/jobs/{id}`); bytes go in base64, as binary bodies do."""
    binary = isinstance(body, bytes)
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in (query or {}).items()}
        or None,
        "multiValueQueryStringParameters": query,
        "pathParameters": path or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/Prod{resource}",
            "stage": "Prod",
            "requestId": str(uuid4()),
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": binary,
    }


def send(event: object) -> Answer:
    """The answer of the API function to `event`."""
    answer = app(event, Context())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    json.dumps(answer, allow_nan=False).encode()  # as the runtime does
    return Answer(answer["statusCode"], headers, answer["body"])


def post(
    body: object,
    content_type: str | None = JSON,
    resource: str = "/jobs",
    more: dict[str, str] | None = None,
) -> Answer:
    """POST `body`: str and bytes as they are, anything else as JSON; `more` headers."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Content-Type": content_type} if content_type is not None else {}
    return send(event("POST", resource, body=text, headers={**headers, **(more or {})} or None))


def get(job_id: object, **query: list[str]) -> Answer:
    return send(event("GET", "/jobs/{id}", id=str(job_id), query=query or None))


def health() -> Answer:
    return send(event("GET", "/health"))


def assert_problem(answer: Answer, status: int, name: str) -> dict[str, Any]:
    """Check that `answer` is a complete problem document; return it."""
    document: dict[str, Any] = answer.json
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (document["status"], document["type"]) == (status, f"urn:problem-type:sluice:{name}")
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in answer.text
    assert "Error" not in answer.text
    return document
