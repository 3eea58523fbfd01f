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
from jobs.core.ports.store import PagePosition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jobs.core.job import Job
    from jobs.core.ports.store import Filters, JobStore

MAX_PAGE_JOBS, DEFAULT_PAGE_JOBS = 200, 50

MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Bytes of the jobs on one page, as they are answered: a Lambda function can answer 6 MB."""

FETCH_SIZE = 51
"""Jobs read in one query: a default page, and one more that shows whether others follow. Results
may be large, and a whole page of them more than the memory holds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POSITION = struct.Struct(">q16s")
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the jobs, newest first, and the cursor of the next page if there is one."""

    jobs: tuple[Job, ...]
    next: str | None


class ListJobs:
    """Lists jobs. `secret` signs the cursors, so that clients cannot forge one."""

    def __init__(self, *, store: JobStore, secret: bytes) -> None:
        self._store = store
        self._secret = secret

    def __call__(
        self,
        filters: Filters,
        *,
        limit: int = DEFAULT_PAGE_JOBS,
        cursor: str | None = None,
        size: Callable[[Job], int] = lambda _: 0,
    ) -> Page:
        """A page of at most `limit` jobs, from where `cursor` says.

        `size`: the bytes of a job in the answer; the page ends before they are more than
        `MAX_PAGE_BYTES`, though not before its first job. Raises `InvalidCursor`,
        `StoreUnavailable`.
        """
        position = self._position(cursor, filters) if cursor is not None else None
        page: list[Job] = []
        room = MAX_PAGE_BYTES
        for job in self._after(position, filters, limit + 1):
            room -= size(job)
            if len(page) == limit or (page and room < 0):
                return Page(tuple(page), self._cursor(page[-1], filters))
            page.append(job)
        return Page(tuple(page), None)

    def _after(self, position: PagePosition | None, filters: Filters, limit: int) -> Iterator[Job]:
        while limit > 0:
            wanted = min(limit, FETCH_SIZE)
            found = self._store.page(filters, position, wanted)
            yield from found
            limit -= wanted
            if len(found) < wanted:
                return
            position = PagePosition(found[-1].created_at, found[-1].id)

    def _cursor(self, job: Job, filters: Filters) -> str:
        microseconds = (job.created_at - _EPOCH) // _MICROSECOND
        position = _POSITION.pack(microseconds, job.id.bytes)
        return (
            base64.urlsafe_b64encode(position + self._mac(position, filters)).decode().rstrip("=")
        )

    def _position(self, cursor: str, filters: Filters) -> PagePosition:
        try:
            text = cursor.encode("ascii")
            signed = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
            position, mac = signed[: _POSITION.size], signed[_POSITION.size :]
            microseconds, job_id = _POSITION.unpack(position)
        except (ValueError, struct.error):
            raise InvalidCursor from None
        if not hmac.compare_digest(mac, self._mac(position, filters)):
            raise InvalidCursor
        return PagePosition(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=job_id))

    def _mac(self, position: bytes, filters: Filters) -> bytes:
        message = position + repr(filters).encode("utf-8", "backslashreplace")
        return hmac.digest(self._secret, message, hashlib.sha256)[:_MAC_BYTES]
