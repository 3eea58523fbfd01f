"""No text of a job is in the log of a PostgreSQL that the stack configures, whatever goes wrong.

Other servers quote a statement that fails, with its values, unless they have the same settings.
"""

from __future__ import annotations

import re
import resource
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.postgres.store import PostgresStore
from jobs.core.claim import Candidate, Claim
from jobs.core.errors import SchemaMissing, StoreUnavailable
from jobs.core.job import Idempotency, NewJob
from jobs.core.retry import Failed, Succeeded, decide
from stack.ports import free_port
from stack.servers.postgres import Postgres
from stack.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "7h3-c0nf1d3nt14l"
ENDED = re.compile("due to (user request|administrator command)")

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@dataclass
class Server:
    """A server, a database with its schema, and the log since the test began."""

    postgres: Postgres
    url: str
    store: PostgresStore
    start: int

    def log(self) -> str:
        with self.postgres.process.log_file.open("rb") as log:
            log.seek(self.start)
            return log.read().decode(errors="replace")

    def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as aside, aside.cursor() as cursor:
            aside.autocommit = True
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def holding(self, *statements: str) -> Iterator[Any]:
        """A transaction in which these have been run, until the block ends."""
        with closing(psycopg2.connect(self.url)) as holder, holder.cursor() as cursor:
            for each in statements:
                cursor.execute(each)
            yield cursor
            holder.rollback()

    def wait_for_lock(self, count: int = 1) -> None:
        wait_until(lambda: self.sql(WAITING) >= [(count,)], "the wait", seconds=20)

    def claimed(self, job: NewJob) -> Claim:
        candidate = Candidate(job.id, job.priority, 0.0)
        found = self.store.claim([candidate], uuid4(), lease=60, request_id=None)
        [claim] = found.claims
        return claim


@pytest.fixture
def server(postgres_server: Postgres) -> Iterator[Server]:
    postgres = postgres_server
    name = f"test_{uuid4().hex}"
    url = postgres.create_database(name)
    with closing(Connection(url, timeout=30.0)) as connection:
        migrate(url)
        start = postgres.process.log_file.stat().st_size
        yield Server(postgres, url, PostgresStore(connection), start)
    postgres.drop_database(name)


def secret_job(**more: Any) -> NewJob:
    made = NewJob(
        uuid4(),
        "TYPE",
        {"data": [{"name": SECRET}]},
        tags=(f"{SECRET} tag",),
        owner=f"{SECRET} owner",
        callback_url=f"https://example.com/{SECRET}",
    )
    return replace(made, **more)


def everything() -> dict[str, Any]:
    """A job with both kinds of keys."""
    return {
        "unique_key": f"{SECRET} key",
        "idempotency": Idempotency(f"{SECRET} idempotency", "hash", 60),
    }


TAKE_KEY = f"""
INSERT INTO jobs (id, type, payload, unique_key, owner)
VALUES (gen_random_uuid(), 'OTHER', '{{}}', '{SECRET} key', '{SECRET} owner')
"""


def while_waiting(server: Server, work: Callable[[], object], then: Callable[[], object]) -> Any:
    """The outcome of `work`, which waits for a lock; `then` is done in the meantime."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001 - looked at by the test
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    server.wait_for_lock()
    then()
    thread.join(60)
    return outcome[0]


def waiting_pid(server: Server) -> int:
    [(pid,)] = server.sql(
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(pid)


def test_a_race_for_a_key_is_no_error(server: Server) -> None:
    batch = [secret_job(**everything()), secret_job()]
    with server.holding(TAKE_KEY) as holder:
        found = while_waiting(
            server, lambda: server.store.insert_all(batch), holder.connection.commit
        )
    assert [job.type for job in found] == ["OTHER", "TYPE"]
    assert "ERROR" not in server.log()
    assert SECRET not in server.log()


@pytest.mark.parametrize("all_at_once", [False, True])
def test_a_race_between_a_retry_and_a_new_job_is_no_error(
    server: Server, *, all_at_once: bool
) -> None:
    job = secret_job(**everything())
    server.store.insert(job)
    server.store.settle([decide(server.claimed(job), Failed(SECRET))])

    def retry() -> object:
        if all_at_once:
            return server.store.retry_all(None, None, uuid4(), limit=9, request_id=None)
        return server.store.retry(job.id, uuid4(), request_id=None)

    with server.holding(TAKE_KEY) as holder:
        found = while_waiting(server, retry, holder.connection.commit)
    assert found == ([], False) if all_at_once else type(found).__name__ == "UniqueKeyTaken"
    assert server.sql("SELECT status FROM jobs WHERE type = 'TYPE'") == [("failed",)]
    [(notes,)] = server.sql("SELECT count(*) FROM job_attempts WHERE outcome = 'retried'")
    assert notes == 0
    assert "ERROR" not in server.log()
    assert SECRET not in server.log()


@pytest.mark.parametrize("function", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_statement_that_is_ended_quotes_nothing(server: Server, function: str) -> None:
    job = secret_job(**everything())

    with server.holding(TAKE_KEY) as holder:

        def end() -> None:
            server.sql(f"SELECT {function}(%s)", waiting_pid(server))
            wait_until(lambda: ENDED.search(server.log()) is not None, "its end", seconds=20)
            holder.connection.rollback()

        found = while_waiting(server, lambda: server.store.insert(job), end)
    assert found.id == job.id
    assert SECRET not in server.log()


def test_a_deadlock_quotes_nothing(server: Server) -> None:
    first, second = secret_job(), secret_job()
    server.store.insert_all([first, second])
    claims = [server.claimed(each) for each in (first, second)]
    ends = [decide(claim, Succeeded({"text": SECRET})) for claim in claims]
    lock = "SELECT FROM jobs WHERE id = '{}' FOR UPDATE"
    with server.holding(lock.format(second.id)) as holder:

        def close_the_circle() -> None:
            # The server ends one of the two; the store sends its statement again.
            with suppress(psycopg2.errors.DeadlockDetected):
                holder.execute(lock.format(first.id))
            holder.connection.rollback()

        settled = while_waiting(server, lambda: server.store.settle(ends), close_the_circle)
    assert len(settled.ids) == 2
    assert "deadlock detected" in server.log()
    assert SECRET not in server.log()


def test_a_database_that_takes_no_writes_quotes_nothing(server: Server) -> None:
    name = psycopg2.extensions.parse_dsn(server.url)["dbname"]
    server.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with closing(Connection(server.url)) as connection, pytest.raises(StoreUnavailable):
        PostgresStore(connection).insert(secret_job())
    assert "read-only transaction" in server.log()
    assert SECRET not in server.log()


def test_a_schema_that_is_not_there_yet_quotes_nothing(server: Server) -> None:
    server.sql("DROP TABLE jobs CASCADE")
    with pytest.raises(SchemaMissing):
        server.store.insert(secret_job())
    with pytest.raises(SchemaMissing):
        server.store.insert_all([secret_job(**everything())])
    assert 'relation "jobs" does not exist' in server.log()
    assert SECRET not in server.log()


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Processes that are started here write no file of more than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_quotes_nothing(servers_folder: Path) -> None:
    """A limit on the size of files stands for the disk: the server says as much of either."""
    postgres = Postgres(servers_folder / f"full-{uuid4().hex}", free_port())
    with limited_files(2**24):
        postgres.start()
    try:
        migrate(postgres.url())
        payload = {"data": [{"name": f"{SECRET} {token_hex(10_000_000)}"}]}
        with (
            closing(Connection(postgres.url(), timeout=60)) as connection,
            pytest.raises(psycopg2.Error, match="could not extend file"),
        ):
            PostgresStore(connection).insert(secret_job(payload=payload))
        log = postgres.process.log_file.read_text()
        assert "could not extend file" in log
        assert SECRET not in log
    finally:
        postgres.kill()


def test_a_row_that_is_refused_is_quoted_by_no_server_of_ours(server: Server) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation) as refused:
        server.store.insert(secret_job(max_attempts=0))
    assert SECRET not in str(refused.value)
    assert SECRET not in server.log()
