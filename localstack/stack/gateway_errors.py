"""The problem documents for errors of the gateway itself.

The template defines them in `GatewayResponses`, which the emulated gateways do not read: they
answer with messages of their own. A test compares this table with the template.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

PROBLEM = "application/problem+json"
HEADERS = {"Access-Control-Allow-Origin": "*"}
"""Headers of each of these answers."""
NO_ROUTE = "MissingAuthenticationTokenException"
"""The gateway's name for a route that does not exist."""


@dataclass(frozen=True)
class GatewayError:
    """A problem document; without a `detail` it gets the gateway's own message."""

    status: int
    type: str
    title: str
    detail: str | None = None

    def body(self, message: str) -> str:
        """The document as JSON; `message` is the gateway's own."""
        return json.dumps(
            {
                "type": f"urn:problem-type:sluice:{self.type}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail or message,
            }
        )


DEFAULT_4XX = GatewayError(400, "bad-request", "Bad Request")
MISSING_AUTHENTICATION_TOKEN = GatewayError(
    404,
    "route-not-found",
    "Not Found",
    "There is no such resource, or it does not know this method.",
)
DEFAULT_5XX = GatewayError(
    500,
    "internal-error",
    "Internal Server Error",
    "The request was not answered. It may have been carried out.",
)
BY_STATUS = {
    403: GatewayError(403, "access-denied", "Forbidden"),
    413: GatewayError(413, "body-too-large", "Content Too Large"),
    415: GatewayError(415, "unsupported-media-type", "Unsupported Media Type"),
    429: GatewayError(429, "too-many-requests", "Too Many Requests"),
    504: GatewayError(
        504,
        "gateway-timeout",
        "Gateway Timeout",
        "The request was not answered in time. It may have been carried out.",
    ),
}
TOO_MANY_POLLS = GatewayError(429, "too-many-polls", "Too Many Requests")
NO_GATEWAY = GatewayError(502, "no-gateway", "Bad Gateway")


def gateway_made(status: int, content_type: str) -> bool:
    """Whether the gateway made this error answer: those of the function are problem documents."""
    return status >= HTTPStatus.BAD_REQUEST and content_type != PROBLEM


def error_for(status: int, error_type: str | None) -> GatewayError:
    """The template's problem document for an error answer of the emulated gateway."""
    if error_type is not None and error_type.partition(":")[0] == NO_ROUTE:
        return MISSING_AUTHENTICATION_TOKEN
    default = DEFAULT_4XX if status < HTTPStatus.INTERNAL_SERVER_ERROR else DEFAULT_5XX
    return BY_STATUS.get(status, default)


def message_of(body: bytes) -> str:
    """The message in the gateway's error answer, or a general one."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "The gateway refused the request."
