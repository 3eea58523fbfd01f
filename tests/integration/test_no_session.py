"""Nothing needs a session that outlives a statement: a proxy may give each to another backend.

RDS Proxy keeps a client on one backend ("pins" it) once it has sent SET, LISTEN, a named prepared
statement, a temporary table or a session's advisory lock: then the proxy is of no use any more.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.job import NewJob, Status
from support.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.adapters.postgres.connection import Row
    from stack.servers.postgres import Postgres

PINNING = re.compile(r"\b(SET|LISTEN|PREPARE|DECLARE|DISCARD|TEMP|TEMPORARY|pg_advisory_lock)\b")


class Forgetful(Connection):
    """Uses a new session for each statement."""

    def rows(self, query: str, values: Mapping[str, object], **more: Any) -> list[Row]:
        try:
            return super().rows(query, values, **more)
        finally:
            self.close()


def work(engine: Engine) -> None:
    """Accept one and many, run, fail, try again, give back, look up."""
    held = engine.submit()
    keyed = [NewJob(uuid4(), "NOOP", {}, unique_key=key) for key in "ab"]
    engine.store.insert_all(keyed)
    engine.store.renew(engine.claim(held), lease=30)
    engine.expire(held)
    ids = [
        engine.submit(),
        engine.submit("FAIL", {"times": 1}),
        engine.submit("SLEEP", {"seconds": 0}),
    ]
    engine.store.release(engine.claim(ids[0]))
    engine.drain(scheduled=True)
    assert {engine.job(job_id).status for job_id in [held, *ids, *(job.id for job in keyed)]} == {
        Status.COMPLETED
    }
    engine.redis.set("{jobs}:default", "of the wrong type")
    last = engine.submit()
    engine.drain()
    assert engine.job(last).status is Status.COMPLETED


def test_each_statement_may_have_a_session_of_its_own(database: str, redis_url: str) -> None:
    with (
        closing(Forgetful(database)) as connection,
        closing(Engine(database, redis_url, store=PostgresStore(connection))) as engine,
    ):
        work(engine)


def test_no_statement_binds_a_client_to_a_backend(
    database: str, redis_url: str, postgres_server: Postgres
) -> None:
    with closing(Engine(database, redis_url)) as engine:
        name = psycopg2.extensions.parse_dsn(database)["dbname"]
        with closing(psycopg2.connect(database)) as aside, aside, aside.cursor() as cursor:
            # For sessions that begin from now on: those of the store, and of nobody else.
            cursor.execute(
                sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(sql.Identifier(name))
            )
        before = postgres_server.process.log_file.stat().st_size
        work(engine)
    with postgres_server.process.log_file.open("rb") as log:
        log.seek(before)
        lines = log.read().decode()
    sent = re.findall(r"LOG:  (statement|execute \S+): (.*(?:\n\t.*)*)", lines)
    assert len(sent) > len({"insert", "claim", "settle", "release", "renew", "due", "get"})
    assert any(statement.startswith("BEGIN") for _, statement in sent)
    for how, statement in sent:
        assert how == "statement", f"prepared: {statement}"
        found = PINNING.search(re.sub(r"--.*|UPDATE [^;]*?\bSET\b", "", statement))
        assert found is None, f"{found}: {statement}"
