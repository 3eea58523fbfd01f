"""A database that may lose what it has confirmed is told of."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from jobs import bootstrap
from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.durability import weak_settings
from stack.ports import free_port
from stack.servers.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def weak(url: str) -> dict[str, str]:
    with closing(Connection(url)) as connection:
        return weak_settings(connection)


def set_commit(url: str, value: str) -> None:
    """Let this database's sessions confirm a commit when `value` says."""
    name = urlsplit(url).path.strip("/")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = {value}')
        connection.commit()


def test_nothing_is_said_of_a_server_as_it_comes(postgres_url: str) -> None:
    assert weak(postgres_url) == {}


@pytest.mark.parametrize("value", ["off", "local"])
def test_a_commit_that_waits_for_no_disk_or_no_standby_is_weak(
    postgres_url: str, value: str
) -> None:
    set_commit(postgres_url, value)
    assert weak(postgres_url) == {"synchronous_commit": value}


@pytest.mark.parametrize("value", ["remote_write", "remote_apply", "on"])
def test_a_commit_that_waits_for_a_standby_is_not(postgres_url: str, value: str) -> None:
    set_commit(postgres_url, value)
    assert weak(postgres_url) == {}


@pytest.fixture
def careless(servers_folder: Path) -> Iterator[Postgres]:
    server = Postgres(servers_folder / "careless", free_port(), {"fsync": "off"})
    server.start()
    yield server
    server.kill()


def test_a_server_that_does_not_wait_for_its_disk_is_weak(careless: Postgres) -> None:
    assert weak(careless.url()) == {"fsync": "off"}


@pytest.fixture
def poller_url(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The database of a poller that is still to be put together, as for Lambda."""
    variables = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "POLLER_FUNCTION": "poller"}
    more = {"BUCKET": "exports", "MAIL_HOST": "mail", "MAIL_FROM": "jobs@example.com"}
    for name, value in (variables | more | {"AWS_DEFAULT_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    bootstrap.poller.cache_clear()
    yield postgres_url
    bootstrap.poller.cache_clear()


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each for each in lines if each["event"] == "schema.migrated"]
    return [each for each in lines if each["event"] == "database.not_durable"]


def test_a_poller_that_starts_tells_of_it_and_works(
    poller_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_commit(poller_url, "off")
    bootstrap.poller().config.store.ping()
    [line] = told(capsys)
    assert (line["level"], line["setting"], line["value"]) == ("ERROR", "synchronous_commit", "off")


def test_a_poller_has_nothing_to_tell_of_a_database_that_keeps_what_it_confirms(
    poller_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bootstrap.poller()
    assert told(capsys) == []
