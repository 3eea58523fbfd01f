"""The API as it is put together for Lambda, on a real PostgreSQL and a real Redis."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from fakes.waker import FakeWaker
from jobs import bootstrap
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2 import extensions


@dataclass(frozen=True)
class Live:
    """What stands behind the API. `engine` drains beside it, as a poller does."""

    engine: Engine
    waker: FakeWaker
    aside: extensions.connection

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.aside.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def advance(self, seconds: float) -> None:
        """Let every wait be over that ends within `seconds`, in the rows and in the queues."""
        self.sql("UPDATE jobs SET due_at = due_at - make_interval(secs => %s)", seconds)
        for key, members in self.engine.queued().items():
            for member, score in members:
                self.engine.redis.zadd(key, {member: score - seconds * 1000}, xx=True)


@pytest.fixture
def live(empty_database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("POLLER_FUNCTION", "poller")
    waker = FakeWaker()
    monkeypatch.setattr(bootstrap, "_waker", lambda _: waker)
    bootstrap.api.cache_clear()
    with (
        closing(psycopg2.connect(empty_database)) as aside,
        closing(Engine(empty_database, redis_url)) as engine,
    ):
        aside.autocommit = True
        yield Live(engine, waker, aside)
    bootstrap.api.cache_clear()
