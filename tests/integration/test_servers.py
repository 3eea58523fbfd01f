"""The servers of the local stack come up, survive a crash, and keep what they were given."""

from __future__ import annotations

import os
import shutil
import smtplib
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING

import psycopg2
import pytest
import redis

from stack.local_services import Front
from stack.ports import PortTakenError, free_port
from stack.servers.mail import PAGE_CHANGES, installed_page
from stack.servers.postgres import Postgres
from stack.servers.redis import Redis
from stack.servers.service_user import readable_copy
from stack.waiting import NotReadyError, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.servers.mail import Mail


def ask(url: str, statement: str) -> str:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        answer = cursor.fetchone()
    connection.close()
    return str(answer[0]) if answer else ""


def test_postgres_is_durable_and_on_loopback_only(postgres_url: str) -> None:
    assert ask(postgres_url, "SHOW fsync") == "on"
    assert ask(postgres_url, "SHOW synchronous_commit") == "on"
    assert ask(postgres_url, "SHOW listen_addresses") == "127.0.0.1"


@pytest.fixture
def own_postgres(servers_folder: Path) -> Postgres:
    return Postgres(servers_folder / "own", free_port())


def test_postgres_keeps_a_committed_row_when_it_is_killed(own_postgres: Postgres) -> None:
    own_postgres.start()
    ask(own_postgres.url(), "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept")
    own_postgres.kill()
    assert not own_postgres.healthy()
    own_postgres.start()
    assert ask(own_postgres.url(), "SELECT n FROM kept") == "7"
    own_postgres.stop()
    assert own_postgres.process.find() is None


@pytest.fixture
def unfriendly() -> Iterator[None]:
    """A umask that lets nobody else read or enter what is made."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def closed(servers_folder: Path, unfriendly: None) -> Iterator[Path]:
    """A folder that nobody else may enter."""
    folder = servers_folder / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(folder)


def test_postgres_starts_twice_in_a_folder_that_its_account_cannot_enter(closed: Path) -> None:
    port = free_port()
    for number in range(3):
        server = Postgres(closed, port)
        server.start()
        ask(server.url(), f"CREATE TABLE kept_{number} AS SELECT 7 AS n; SELECT 1")
        assert ask(server.url(), "SELECT n FROM kept_0") == "7"
        server.stop()


def test_postgres_keeps_its_rows_when_its_folder_is_closed(closed: Path) -> None:
    closed.chmod(0o711)
    server = Postgres(closed, free_port())
    server.start()
    ask(server.url(), "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept")
    server.stop()
    closed.chmod(0o700)
    server.start()
    assert ask(server.url(), "SELECT n FROM kept") == "7"
    server.stop()
    closed.chmod(0o711)
    server.start()
    assert ask(server.url(), "SELECT n FROM kept") == "7"
    server.kill()


@pytest.mark.parametrize("kind", [Redis, Front])
def test_server_starts_twice_in_a_private_folder(closed: Path, kind: type[Redis | Front]) -> None:
    port = free_port()
    for _ in range(2):
        server = kind(closed, port)
        server.start()
        server.stop()


def test_copy_for_another_account_is_readable_whatever_the_umask(closed: Path) -> None:
    tree = closed / "package"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "program").touch(mode=0o700)
    (tree / "data").touch(mode=0o600)
    copy = readable_copy(tree, closed.parent)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in copy.rglob("*")}
    assert modes == {"bin": "0o705", "program": "0o705", "data": "0o604"}
    assert readable_copy(copy, closed) == copy
    shutil.rmtree(copy)


def test_redis_keeps_what_was_written_when_it_is_stopped(tmp_path: Path) -> None:
    server = Redis(tmp_path, free_port())
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        client.set("kept", "yes")
    server.stop()
    server.start()
    with redis.Redis.from_url(server.url(), decode_responses=True) as client:
        assert client.get("kept") == "yes"
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    server.kill()


def test_a_port_that_is_taken_is_named_with_its_holder(tmp_path: Path, redis_server: Redis) -> None:
    with pytest.raises(
        PortTakenError, match=rf"redis needs port {redis_server.port}, which valkey"
    ):
        Redis(tmp_path, redis_server.port).start()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="Bad directive"):
        Redis(tmp_path, free_port(), {"no-such-setting": "1"}).start()


def test_mail_that_arrived_can_be_read_and_cleared(smtp: Mail) -> None:
    for number in (1, 2):
        mail = EmailMessage()
        mail["From"], mail["To"] = "jobs@example.com", "test@example.com"
        mail["Subject"] = f"Number {number}"
        mail.set_content("Zażółć gęślą jaźń")
        with smtplib.SMTP("127.0.0.1", smtp.port) as client:
            client.send_message(mail)
    wait_until(lambda: len(smtp.messages()) == 2, "two mails", seconds=10)
    assert [m["Subject"] for m in smtp.messages()] == ["Number 1", "Number 2"]
    assert "gęślą" in smtp.messages()[0].get_content()
    smtp.clear()
    assert smtp.messages() == []


def test_mail_page_does_not_wait_before_it_shows_mails(smtp: Mail) -> None:
    for name, changes in PAGE_CHANGES.items():
        package = (installed_page() / name).read_bytes()
        with urllib.request.urlopen(f"{smtp.url()}/{name}") as answer:
            served = answer.read()
        for original, ours in changes.items():
            assert original in package
            assert original not in served
            assert ours in served
    with urllib.request.urlopen(smtp.url()) as answer:
        assert b"main.js" in answer.read()
