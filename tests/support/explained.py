"""What each statement of the store costs: pages and rows that it touches, and by which way."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.statements import STATEMENTS, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jobs.adapters.postgres.connection import Row

NAMES = {statement(file.stem): file.stem for file in STATEMENTS.glob("*.sql")}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one statement: `pages` in all, rows of the largest step, how each table is reached."""

    pages: int
    rows: int
    ways: frozenset[tuple[str, str]]
    indexes: frozenset[str]

    @property
    def scans(self) -> frozenset[str]:
        """The tables that are read from one end to the other."""
        return frozenset(table for way, table in self.ways if way == "Seq Scan")


class Explained(Connection):
    """Explains each statement, then runs it."""

    def __init__(self, url: str) -> None:
        super().__init__(url, timeout=60.0)
        self.costs: dict[str, Cost] = {}
        """By the name of the query's file; of the last time that it ran."""

    def rows(self, query: str, values: Mapping[str, object], **more: Any) -> list[Row]:
        with closing(psycopg2.connect(self._url)) as aside, aside.cursor() as cursor:
            # It is carried out, so that its cost is the true one, and then undone.
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}", values)
            [([plan],)] = cursor.fetchall()
            # Before the connection ends, which the server would notice too late.
            aside.rollback()
        self.costs[NAMES[query]] = _cost(plan["Plan"])
        return super().rows(query, values, **more)


def _cost(plan: Mapping[str, Any]) -> Cost:
    steps = [*_steps(plan)]
    return Cost(
        pages=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        rows=max(round(step["Actual Rows"] * step["Actual Loops"]) for step in steps),
        ways=frozenset(
            (step["Node Type"], step["Relation Name"])
            for step in steps
            if "Relation Name" in step and step["Actual Loops"]
        ),
        indexes=frozenset(step["Index Name"] for step in steps if "Index Name" in step),
    )


def _steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _steps(part)
