"""The bucket, and ways to what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it lies in the bucket."""

    bucket: str
    key: str
    size: int


class ObjectStore(Protocol):
    """The bucket. Raises `AttemptFailed` with the service's own code."""

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        """Write an object, complete or not at all; one that is there is left as it is."""
        ...


class Links(Protocol):
    """Ways to objects in the bucket, for those who may not read it themselves."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL under which the object can be got for `seconds`. Raises `ConfigurationError`."""
        ...
