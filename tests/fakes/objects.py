"""A bucket in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.core.errors import PermanentFailure
from jobs.core.ports.objects import StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeObjects:
    """`ObjectStore`; `contents` is what lies in it, by key."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        del content_type
        content = b"".join(body)
        if self.contents.setdefault(key, content) != content:
            raise PermanentFailure(f"another object is at {key}")
        return StoredObject("fake", key, len(content))
