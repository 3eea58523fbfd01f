"""CALLBACK: tell the end of a job to the address that it named.

Made by the database in the transaction that ends the job, never by a client. Payload: `{"url",
"job"}`, where `job` is the job as it ended. The request is a POST of

    {"type": "job.completed" | "job.failed" | "job.cancelled", "timestamp": …, "data": {job}}

signed as Standard Webhooks has it: `webhook-id` (the same in every attempt), `webhook-timestamp`
(seconds) and `webhook-signature`, `v1,` and the base64 of the HMAC-SHA256 of
`{id}.{timestamp}.{body}`.

An answer of 2xx ends it. 410 says that nobody wants to know any more, and an address inside the
network is refused: both are final. Everything else, a redirect too, is tried again. Result:
`{"status"}`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from jobs.core.errors import AttemptFailed, ConfigurationError, PermanentFailure
from jobs.core.job_type import JobType

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.core.claim import Claim
    from jobs.core.job import Result
    from jobs.core.job_type import JobContext

MAX_SECONDS = 30.0
"""Seconds; the request itself is given less."""

_PREFIX = "whsec_"


def process(claim: Claim, context: JobContext, now: Callable[[], float] = time.time) -> Result:
    """Tell it. Raises `AttemptFailed`, `PermanentFailure`, `ConfigurationError`."""
    if context.settings.callback_problem:
        raise ConfigurationError(context.settings.callback_problem)
    if context.public_http is None or not context.settings.callback_secret:
        raise AttemptFailed("callbacks are not configured: CALLBACK_SECRET is not set")
    url, job = claim.payload["url"], claim.payload["job"]
    event = {"type": f"job.{job['status']}", "timestamp": job["updatedAt"], "data": job}
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    timestamp = str(int(now()))
    secret = context.settings.callback_secret
    status = context.public_http.post(
        url,
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": "sluice",
            "webhook-id": str(claim.id),
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(secret, str(claim.id), timestamp, body),
        },
    )
    if status == HTTPStatus.GONE:
        raise PermanentFailure("the callback was answered with 410: nobody wants to know")
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise AttemptFailed(f"the callback was answered with {status}, and 2xx is needed")
    return {"status": status}


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,…`, under `secret`: `whsec_` and base64, or any other text as it is."""
    key = secret.encode()
    if secret.startswith(_PREFIX):
        key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


JOB_TYPE = JobType("CALLBACK", process, MAX_SECONDS)
