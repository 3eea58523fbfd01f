"""A database without a schema: the first poller creates it, so one is asked for."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobs.core.errors import SchemaMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.core.ports.waker import Waker


@contextmanager
def schema_asked_for(waker: Waker) -> Iterator[None]:
    """Wake a poller if what is done in here finds no schema; the error goes on its way."""
    try:
        yield
    except SchemaMissing:
        waker.wake()
        raise
