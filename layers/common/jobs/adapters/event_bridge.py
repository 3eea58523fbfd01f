"""The bus, on Amazon EventBridge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jobs.adapters.aws_config import limits
from jobs.core.errors import AttemptFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_events import EventBridgeClient

SOURCE = "sluice"

MOST = 255 * 1024
"""Bytes of a detail: EventBridge takes 256 KB, which what stands around it counts towards."""


def connect() -> EventBridgeClient:
    """A client that is safe to share between threads, within the `limits` of a job."""
    import boto3  # noqa: PLC0415 - half a second, only for a poller with an event bus

    return boto3.client("events", config=limits())


class EventBridge:
    """`Bus` on the bus `name`. Safe to use from several threads."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, kind: str, detail: Mapping[str, Any]) -> str:
        # The caller that made the client has loaded botocore; no other needs it.
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        event = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": _fitting(detail),
        }
        try:
            answer = self._client.put_events(Entries=[event])  # type: ignore[list-item]
        except ClientError as error:
            reason = error.response["Error"]
            raise self._refused(reason.get("Code"), reason.get("Message")) from error
        except BotoCoreError as error:
            raise self._refused(type(error).__name__, error) from error
        [entry] = answer["Entries"]
        if answer["FailedEntryCount"]:
            raise self._refused(entry.get("ErrorCode"), entry.get("ErrorMessage"))
        return entry["EventId"]

    def _refused(self, code: object, message: object) -> AttemptFailed:
        return AttemptFailed(
            f"EventBridge did not take the event for the bus {self._name!r}: {code}: {message}"
        )


def _fitting(detail: Mapping[str, Any]) -> str:
    """`detail` as JSON of `MOST` bytes at the most, its `error` cut for that."""
    text, error = _json(detail), detail.get("error", "")
    while error and len(text.encode()) > MOST:
        error = error[: len(error) // 2]
        text = _json({**detail, "error": f"{error}…"})
    return text


def _json(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
