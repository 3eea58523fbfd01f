"""Real servers for the tests, on free ports and in folders that go away with the session.

Scopes: `postgres_server`, `redis_server` and `smtp_server` live for the session.
`postgres_url` is a fresh, empty database for each test; `module_postgres_url` one for each
module. `redis_url` and `smtp` are the session's, emptied before each test.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import redis

from jobs.adapters.redis.client import connect
from stack.ports import free_port
from stack.servers.mail import Mail
from stack.servers.postgres import Postgres
from stack.servers.redis import Redis
from support.cluster import Cluster
from support.serverless import Serverless

if TYPE_CHECKING:
    from collections.abc import Iterator

# The programs that tests start and end by Ctrl-C would ignore it if this process does, as it does
# when a shell script has started it in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that other accounts may enter, which pytest's own temporary folders forbid."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[Postgres]:
    """A running PostgreSQL; a test may stop, kill and start it, and leaves it running."""
    server = Postgres(servers_folder / "postgres", free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a fresh, empty database for this test."""
    yield from _fresh_database(postgres_server)


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of a fresh database that the tests of this module share."""
    yield from _fresh_database(postgres_server)


def _fresh_database(server: Postgres) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture(scope="session")
def redis_server(servers_folder: Path) -> Iterator[Redis]:
    """A running Valkey; a test may stop, kill and start it, and leaves it running."""
    server = Redis(servers_folder / "redis", free_port(), {"enable-debug-command": "local"})
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """The URL of the session's Redis, emptied for this test."""
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
    return redis_server.url()


@pytest.fixture(scope="session")
def redis_cluster(servers_folder: Path) -> Iterator[Cluster]:
    """A running cluster of three nodes; a test may freeze it, and move its slots."""
    cluster = Cluster(servers_folder / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def redis_cluster_url(redis_cluster: Cluster) -> str:
    """The URL of the session's cluster, emptied for this test."""
    with closing(connect(redis_cluster.url())) as client:
        client.flushall()
    return redis_cluster.url()


@pytest.fixture(scope="session")
def serverless(servers_folder: Path) -> Iterator[Serverless]:
    """A running Valkey that takes what ElastiCache Serverless takes."""
    cache = Serverless(servers_folder / "serverless")
    try:
        cache.start()
        yield cache
    finally:
        cache.kill()


@pytest.fixture
def serverless_url(serverless: Serverless) -> Iterator[str]:
    """The URL of the session's Serverless, emptied for this test, which must not be refused."""
    with closing(connect(serverless.url())) as client:
        client.flushall()
    serverless.refused.clear()
    yield serverless.url()
    assert serverless.refused == []


@pytest.fixture(scope="session")
def smtp_server(servers_folder: Path) -> Iterator[Mail]:
    """A running SMTP catcher on 127.0.0.1."""
    server = Mail(servers_folder / "mail", free_port(), free_port(), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp(smtp_server: Mail) -> Mail:
    """The session's SMTP catcher (127.0.0.1:`.port`), emptied; `.messages()` are what arrived."""
    smtp_server.clear()
    return smtp_server
