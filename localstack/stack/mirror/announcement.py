"""Reads the messages in which the bucket announces new objects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator


def announced(body: str) -> Iterator[tuple[str, str]]:
    """Bucket and key of each object that a message announces; other messages announce none."""
    try:
        records = json.loads(body)["Records"]
        objects = [
            (str(record["s3"]["bucket"]["name"]), unquote_plus(record["s3"]["object"]["key"]))
            for record in records
            if str(record["eventName"]).startswith("ObjectCreated:")
        ]
    except (ValueError, KeyError, TypeError):
        return
    yield from objects
