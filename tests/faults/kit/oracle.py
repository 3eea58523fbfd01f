"""Says, from the rows and their history, what a run did that it must never do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extras import RealDictCursor, execute_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

MUST_BE_ZERO = (
    "lost",
    "stranded",
    "left_terminal",
    "live_taken",
    "live_ended_by_other",
    "no_effect",
    "over",
    "unknown_effect",
    "twice_in_one_run",
)

Effect = tuple[str, str | None]
"""A job's id, and the token it ran under where the effect tells it."""


class Oracle:
    """Watches one database, from before its first job."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.query((Path(__file__).parent / "history.sql").read_text("utf-8"))

    def query(
        self, query: str, values: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Ask the database on a connection of its own."""
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor(cursor_factory=RealDictCursor) as cursor:
                cursor.execute(query, values)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def open_jobs(self) -> int:
        """Jobs that are not final."""
        [row] = self.query(
            "SELECT count(*) AS n FROM jobs WHERE status IN ('pending', 'processing')"
        )
        return int(row["n"])

    def judge(self, accepted: Iterable[UUID], effects: Iterable[Effect] = ()) -> dict[str, int]:
        """All counts; raises `AssertionError` with those that had to be 0 and are not."""
        self._note("accepted", [(str(job_id),) for job_id in accepted])
        self._note("effects", [*effects])
        [counts] = self.query(
            (Path(__file__).parent / "oracle.sql").read_text("utf-8"),
            {"with_token": ["EFFECT"], "without_token": ["CSV_EXPORT", "EMAIL_SEND"]},
        )
        wrong = {name: counts[name] for name in MUST_BE_ZERO if counts[name]}
        assert not wrong, f"{wrong} in {counts}"
        return {name: int(count) for name, count in counts.items()}

    def _note(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        with closing(psycopg2.connect(self._url)) as connection, connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE test.{table}")
            if rows:
                execute_values(cursor, f"INSERT INTO test.{table} VALUES %s", rows)
            connection.commit()
