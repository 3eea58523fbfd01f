"""List jobs, newest first, page by page."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from jobs.core.errors import InvalidCursor
from jobs.core.model import Priority, Status
from jobs.core.schema import schema_asked_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.model import Job
    from jobs.core.ports.store import JobStore
    from jobs.core.ports.waker import Waker

MOST, USUAL = 200, 50
"""Jobs on one page."""

LARGEST = 4 * 1024 * 1024
"""Bytes of the jobs on one page, as they are answered: a function of Lambda can answer 6 MB."""

HANDFUL = 51
"""Jobs that are read at a time: those of a usual page, and the one that says that there are more.
A result may be large, and those of a whole page more than there is memory for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = struct.Struct(">q16s")
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs: of any of these statuses, types (none: of all) and priorities, with this tag,
    created from `after` on and before `before`, of `owner` (none: of everybody)."""

    statuses: tuple[Status, ...] = tuple(Status)
    types: tuple[str, ...] = ()
    priorities: tuple[Priority, ...] = tuple(Priority)
    tag: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A job's place in the list: what comes after it is older, or as old with a smaller id."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the jobs, newest first, and the cursor of the next page if there is one."""

    jobs: tuple[Job, ...]
    next: str | None


class Listing:
    """Lists jobs. `secret` signs the cursors, so that none can be made up."""

    def __init__(self, store: JobStore, waker: Waker, secret: bytes) -> None:
        self._store = store
        self._waker = waker
        self._secret = secret

    def __call__(
        self,
        filters: Filters,
        *,
        limit: int = USUAL,
        cursor: str | None = None,
        size: Callable[[Job], int] = lambda _: 0,
    ) -> Page:
        """A page of at most `limit` jobs, from where `cursor` says.

        `size`: the bytes of a job in the answer; the page ends before they are more than
        `LARGEST`, though not before its first job. Raises `InvalidCursor`, `StoreUnavailable`.
        """
        place = self._place(cursor, filters) if cursor is not None else None
        page: list[Job] = []
        room = LARGEST
        for job in self._after(place, filters, limit + 1):
            room -= size(job)
            if len(page) == limit or (page and room < 0):
                return Page(tuple(page), self._cursor(page[-1], filters))
            page.append(job)
        return Page(tuple(page), None)

    def _after(self, place: Place | None, filters: Filters, most: int) -> Iterator[Job]:
        while most > 0:
            wanted = min(most, HANDFUL)
            with schema_asked_for(self._waker):
                found = self._store.page(filters, place, wanted)
            yield from found
            most -= wanted
            if len(found) < wanted:
                return
            place = Place(found[-1].created_at, found[-1].id)

    def _cursor(self, job: Job, filters: Filters) -> str:
        microseconds = (job.created_at - _EPOCH) // _MICROSECOND
        place = _PLACE.pack(microseconds, job.id.bytes)
        return base64.urlsafe_b64encode(place + self._mac(place, filters)).decode().rstrip("=")

    def _place(self, cursor: str, filters: Filters) -> Place:
        try:
            text = cursor.encode("ascii")
            signed = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
            place, mac = signed[: _PLACE.size], signed[_PLACE.size :]
            microseconds, job_id = _PLACE.unpack(place)
        except (ValueError, struct.error):
            raise InvalidCursor from None
        if not hmac.compare_digest(mac, self._mac(place, filters)):
            raise InvalidCursor
        return Place(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=job_id))

    def _mac(self, place: bytes, filters: Filters) -> bytes:
        message = place + repr(filters).encode("utf-8", "backslashreplace")
        return hmac.digest(self._secret, message, hashlib.sha256)[:_MAC_BYTES]
