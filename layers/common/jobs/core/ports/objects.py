"""The bucket, and links to its objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the bucket. `size`: bytes."""

    bucket: str
    key: str
    size: int


class ObjectStore(Protocol):
    """The bucket. Raises `AttemptFailed` with the service's own code."""

    def put_once(self, key: str, body: Iterable[bytes], *, content_type: str) -> StoredObject:
        """Write an object, complete or not at all; one that exists is left as it is."""
        ...


class Links(Protocol):
    """Links to objects, for readers without rights of their own."""

    def link(self, bucket: str, key: str, *, seconds: int, head: bool = False) -> str:
        """A URL that serves the object for `seconds`, to a GET or (`head`) to a HEAD.

        Raises `ResultGone` if there is none.
        """
        ...
