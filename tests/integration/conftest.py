"""The engine of a test, on a database of its own and an empty Redis."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def engine(postgres_url: str, redis_url: str) -> Iterator[Engine]:
    with closing(Engine.fresh(postgres_url, redis_url)) as engine:
        yield engine
