"""A page costs the same however many jobs there are, and whatever is asked for."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, cast

import psycopg2
import pytest

from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.job import Priority, Status
from jobs.core.ports.store import Filters, PagePosition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg2 import extensions

    from jobs.adapters.postgres.connection import Connection, Row

MANY = 200_000
BLOCKS = 2_000
"""Blocks that one page of 200 may touch; the table has ten times as many."""

# One job in two is high; one in a thousand has failed, one in ten thousand is of the rare type
# (none of which has failed); all but the newest are done. All of "me" is high.
FILL = """
INSERT INTO jobs (
    id, type, status, priority, payload, created_at, updated_at, attempts, tags, owner
)
SELECT gen_random_uuid(),
    CASE WHEN n %% 10000 = 5 THEN 'RARE' ELSE 'COMMON' END,
    CASE WHEN n %% 1000 = 1 THEN 'failed' WHEN n < 100 THEN 'pending' ELSE 'completed' END,
    CASE WHEN n %% 2 = 0 THEN 'high' ELSE 'default' END,
    '{"data": [{"id": 1, "name": "venkat", "email": "venkat@example.com"}]}',
    now() - n * interval '1 second', now(), 1,
    CASE WHEN n %% 5000 = 7 THEN '{often,seldom}'::text[]
         WHEN n %% 4 = 0 THEN '{often}' ELSE '{}' END,
    CASE WHEN n %% 2 = 0 THEN 'me' WHEN n %% 3 = 0 THEN 'another' END
FROM generate_series(1, %(many)s) AS n
"""

CHOICES = {
    "all": Filters(),
    "failed": Filters((Status.FAILED,)),
    "cancelled, of which there are none": Filters((Status.CANCELLED,)),
    "rare": Filters(types=("RARE",)),
    "rare and failed, of which there are none": Filters((Status.FAILED,), ("RARE",)),
    "pending and high": Filters((Status.PENDING,), priorities=(Priority.HIGH,)),
    "often": Filters(tag="often"),
    "seldom": Filters(tag="seldom"),
    "often and failed, of which there are none": Filters((Status.FAILED,), tag="often"),
    "often and rare, of which there are none": Filters(types=("RARE",), tag="often"),
    "often and default, of which there are none": Filters(
        priorities=(Priority.DEFAULT,), tag="often"
    ),
    "mine": Filters(owner="me"),
    "mine and default, of which there are none": Filters(
        priorities=(Priority.DEFAULT,), owner="me"
    ),
    "mine and seldom": Filters(tag="seldom", owner="me"),
    "mine, often and pending": Filters((Status.PENDING,), tag="often", owner="me"),
    "another's and often, of which there are none": Filters(tag="often", owner="another"),
}


@pytest.fixture(scope="module")
def cursor(module_postgres_url: str) -> Iterator[extensions.cursor]:
    migrate(module_postgres_url)
    with (
        closing(psycopg2.connect(module_postgres_url)) as connection,
        connection.cursor() as cursor,
    ):
        connection.autocommit = True
        cursor.execute(FILL, {"many": MANY})
        cursor.execute("VACUUM ANALYZE jobs, job_tags")
        yield cursor


class Asked:
    """What a store asks, instead of a connection."""

    def rows(self, query: str, values: Mapping[str, object]) -> list[Row]:
        self.query, self.values = query, values
        return []


def blocks(cursor: extensions.cursor, filters: Filters, place: PagePosition | None = None) -> int:
    """Blocks that a page of 200 touches."""
    asked = Asked()
    PostgresStore(cast("Connection", asked)).page(filters, place, 201)
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked.query}", asked.values)
    [(found,)] = cursor.fetchall()
    [plan] = found if isinstance(found, list) else json.loads(found)
    assert "Seq Scan" not in json.dumps(plan), json.dumps(plan, indent=1)
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("name", CHOICES)
def test_a_page_touches_few_blocks(cursor: extensions.cursor, name: str) -> None:
    assert blocks(cursor, CHOICES[name]) < BLOCKS


@pytest.mark.parametrize("name", ["all", "rare", "often", "mine"])
def test_a_page_far_down_touches_as_few(cursor: extensions.cursor, name: str) -> None:
    cursor.execute(
        "SELECT created_at, id FROM jobs ORDER BY created_at LIMIT 1 OFFSET %s", [MANY // 9]
    )
    [(created_at, job_id)] = cursor.fetchall()
    assert blocks(cursor, CHOICES[name], PagePosition(created_at, job_id)) < BLOCKS
