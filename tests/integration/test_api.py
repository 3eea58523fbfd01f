"""The API function on a real PostgreSQL and a real Redis, and on ways in which they fail it."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg2
import pytest
from redis import Redis

from api.request import MAX_BODY_BYTES
from api.strict_json import MAX_INTEGER_DIGITS, MAX_NESTING_LEVELS
from fakes.waker import FakeWaker
from faults.kit.proxy import Proxy, proxied
from jobs import bootstrap
from jobs.adapters.postgres.migrate import migrate
from stack.ports import free_port
from support.gateway import Answer, get, health, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXPORT: dict[str, Any] = {"type": "CSV_EXPORT", "priority": "high", "payload": {"data": [{"n": 1}]}}


@dataclass(frozen=True)
class Live:
    """What stands behind the API, and the proxies through which it is reached."""

    database_url: str
    redis: Redis
    waker: FakeWaker
    database: Proxy
    queue: Proxy

    def database_sql(self, change: str) -> None:
        """`ALTER DATABASE … change`, for the sessions that are yet to come."""
        [[name]] = self.rows("SELECT current_database()")
        self.rows(f'ALTER DATABASE "{name}" {change}')

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.database_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []


@pytest.fixture
def empty(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """The API as it is put together for Lambda, on a database without a schema."""
    waker = FakeWaker()
    with (
        proxied(urlsplit(postgres_url).port or 0) as database,
        proxied(urlsplit(redis_url).port or 0) as queue,
        Redis.from_url(redis_url) as redis,
    ):
        monkeypatch.setenv("DATABASE_URL", at_port(postgres_url, database.port))
        monkeypatch.setenv("REDIS_URL", at_port(redis_url, queue.port))
        monkeypatch.setenv("POLLER_FUNCTION", "poller")
        monkeypatch.setattr(bootstrap, "_waker", lambda _: waker)
        bootstrap.api.cache_clear()
        yield Live(postgres_url, redis, waker, database, queue)
        bootstrap.api.cache_clear()


@pytest.fixture
def live(empty: Live) -> Live:
    migrate(empty.database_url)
    return empty


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    host, _, old = parts.netloc.rpartition(":")
    assert old.isdigit()
    return urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def accepted(answer: Answer) -> UUID:
    assert answer.status == 201, answer.text
    return UUID(answer.json["jobId"])


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["type"].rpartition(":")[2]


def test_a_job_is_a_row_an_entry_and_a_wake(live: Live) -> None:
    job_id = accepted(post(EXPORT))
    [row] = live.rows("SELECT id, type, status, priority, payload, attempts FROM jobs")
    assert row == (str(job_id), "CSV_EXPORT", "pending", "high", EXPORT["payload"], 0)
    assert live.redis.zrange("{jobs}:high_priority", 0, -1) == [str(job_id).encode()]
    assert live.waker.wakes == [(0, False)]
    job = get(job_id, include=["attempts"]).json
    assert (job["status"], job["attempts"], job["attemptHistory"]) == ("pending", 0, [])
    assert job["createdAt"] == job["updatedAt"]
    assert health().status == 200


def test_until_there_is_a_schema_it_says_so_and_asks_for_it(empty: Live) -> None:
    assert refused(post(EXPORT)) == (503, "schema-missing")
    assert refused(get(UUID(int=1))) == (503, "schema-missing")
    assert len(empty.waker.wakes) == 2
    assert "database: no schema yet" in health().json["detail"]
    migrate(empty.database_url)
    accepted(post(EXPORT))
    assert health().status == 200


@pytest.mark.parametrize(
    "payload",
    [
        {"zebra": 1, "a": 2, "é": "ü\U0001f600\u2028", "": None},
        {"text": "\\u0000 '; DROP TABLE jobs; -- %s %(id)s {} \\ \" \x7f \x01"},
        {"numbers": [0.1, -0.0, 1e308, 5e-324, 2**53 + 1, int("9" * MAX_INTEGER_DIGITS)]},
        {"deep": json.loads("[" * (MAX_NESTING_LEVELS - 2) + "]" * (MAX_NESTING_LEVELS - 2))},
        {"large": "é" * (MAX_BODY_BYTES // 2 - 1000)},
        {f"member {number}": number for number in range(10_000)},
    ],
    ids=lambda payload: next(iter(payload)),
)
def test_what_is_taken_at_the_door_is_stored_as_it_is(live: Live, payload: dict[str, Any]) -> None:
    body = json.dumps(EXPORT | {"payload": payload}, ensure_ascii=False).encode()
    accepted(post(body))
    [[stored]] = live.rows("SELECT payload::text FROM jobs")
    assert json.loads(stored) == payload
    assert list(json.loads(stored)) == list(payload)


def test_a_queue_that_hangs_delays_no_job_by_more_than_its_timeout(live: Live) -> None:
    accepted(post(EXPORT))
    live.queue.blackhole()
    for _ in range(3):
        began = time.monotonic()
        accepted(post(EXPORT))
        assert time.monotonic() - began < 2
    assert live.rows("SELECT count(*) FROM jobs") == [(4,)]
    assert len(live.waker.wakes) == 4


def test_a_queue_of_the_wrong_type_fails_no_job(live: Live) -> None:
    live.redis.set("{jobs}:high_priority", "not a sorted set")
    accepted(post(EXPORT))
    assert len(live.waker.wakes) == 1


def test_connections_that_died_while_the_environment_was_frozen_are_replaced(live: Live) -> None:
    accepted(post(EXPORT))
    live.database.cut()
    live.queue.cut()
    job_id = accepted(post(EXPORT))
    assert live.redis.zscore("{jobs}:high_priority", str(job_id)) is not None
    live.database.cut()
    assert get(job_id).status == 200


def test_a_lost_answer_to_the_commit_makes_neither_a_second_job_nor_an_error(live: Live) -> None:
    drop = live.database.drop_reply_after(b"INSERT INTO jobs", every=2)
    ids = {str(accepted(post(EXPORT))) for _ in range(20)}
    assert drop.dropped
    assert {job_id for (job_id,) in live.rows("SELECT id FROM jobs")} == ids


def test_a_database_that_takes_no_writes_is_unavailable_for_them_alone(live: Live) -> None:
    job_id = accepted(post(EXPORT))
    live.database_sql("SET default_transaction_read_only = on")
    live.database.cut()
    assert refused(post(EXPORT)) == (503, "database-unavailable")
    assert get(job_id).status == 200
    assert live.rows("SELECT count(*) FROM jobs") == [(1,)]


def test_a_database_that_is_not_there_is_unavailable(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", at_port(live.database_url, free_port()))
    bootstrap.api.cache_clear()
    assert refused(post(EXPORT)) == (503, "database-unavailable")
    assert refused(get(UUID(int=1))) == (503, "database-unavailable")
    answer = health()
    assert answer.json["detail"] == "database: does not answer"
    assert urlsplit(live.database_url).path.strip("/") not in answer.text


@pytest.mark.parametrize("part", ["database", "queue"])
def test_health_names_a_part_that_hangs_in_under_a_second(live: Live, part: str) -> None:
    assert health().status == 200
    proxy: Proxy = getattr(live, part)
    proxy.blackhole()
    began = time.monotonic()
    answer = health()
    assert time.monotonic() - began < 1
    assert refused(answer) == (503, "part-down")
    assert answer.json["detail"].startswith(f"{part}: ")
    assert [name for name, each in answer.json["parts"].items() if each["status"] == "down"] == [
        part
    ]
    proxy.flow()
    assert health().status == 200


def read_only(live: Live) -> None:
    live.database_sql("SET default_transaction_read_only = on")


def full(live: Live) -> None:
    # What a full disk refuses is refused: the file that the check writes.
    live.database_sql("SET temp_file_limit = 0")


def replica(live: Live) -> None:
    live.redis.replicaof("127.0.0.1", str(free_port()))


def out_of_memory(live: Live) -> None:
    live.redis.config_set("maxmemory", 1)


def without_replicas(live: Live) -> None:
    live.redis.config_set("min-replicas-to-write", 1)


@pytest.mark.parametrize(
    ("part", "breaks", "problem"),
    [
        ("database", read_only, "takes no writes: it is read-only"),
        ("database", full, "takes no writes: it has reached a limit of its settings"),
        ("queue", replica, "takes no writes: it is a read-only replica"),
        ("queue", out_of_memory, "takes no writes: its memory is full"),
        ("queue", without_replicas, "takes no writes: too few replicas are in step"),
    ],
)
def test_health_names_a_part_that_takes_no_writes(
    live: Live, part: str, breaks: Callable[[Live], None], problem: str
) -> None:
    assert health().status == 200
    breaks(live)
    try:
        answer = health()
    finally:
        mend(live.redis)
    assert refused(answer) == (503, "part-down")
    assert answer.json["detail"] == f"{part}: {problem}"
    assert answer.json["parts"][part]["status"] == "down"


def mend(redis: Redis) -> None:
    redis.replicaof("NO", "ONE")
    redis.config_set("maxmemory", 0)
    redis.config_set("min-replicas-to-write", 0)


def test_health_checks_leave_nothing_that_grows(live: Live) -> None:
    assert health().status == 200
    before = live.rows("SELECT pg_database_size(current_database())"), live.redis.dbsize()
    for _ in range(20):
        assert health().status == 200
    after = live.rows("SELECT pg_database_size(current_database())"), live.redis.dbsize()
    assert after == before


def test_a_health_check_that_hangs_holds_up_no_job(live: Live) -> None:
    accepted(post(EXPORT))
    live.queue.blackhole()
    health()
    live.queue.flow()
    job_id = accepted(post(EXPORT))
    assert live.redis.zscore("{jobs}:high_priority", str(job_id)) is not None


def test_a_configuration_that_lacks_something_is_an_answer_and_mended_at_once(
    live: Live, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    redis_url = os.environ["REDIS_URL"]
    monkeypatch.delenv("REDIS_URL")
    bootstrap.api.cache_clear()
    for answer in (post(EXPORT), health()):
        assert refused(answer) == (500, "not-configured")
    assert "REDIS_URL is not set" in capsys.readouterr().out
    monkeypatch.setenv("REDIS_URL", redis_url)
    accepted(post(EXPORT))
