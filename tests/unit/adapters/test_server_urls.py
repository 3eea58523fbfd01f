"""A URL with a password that is not written as URLs have it is refused, and not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jobs.adapters.postgres.connection import Connection
from jobs.adapters.postgres.migrate import migrate
from jobs.adapters.redis.client import connect
from jobs.core.errors import ConfigurationError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(ask: Callable[[], object]) -> str:
    """What the log says of it."""
    with pytest.raises(ConfigurationError) as raised:
        ask()
    return str(raised.value)


@pytest.mark.parametrize(
    "password", ["hunter/2", "hun%ter2", "a@hunter2", "a@hun/ter2", "a@hunter:2"]
)
def test_a_password_of_the_database_is_not_taken_for_its_address(password: str) -> None:
    url = f"postgresql://user:{password}@127.0.0.1:1/jobs_db"
    for ask in (lambda: migrate(url), lambda: Connection(url).rows("SELECT 1", {})):
        said = refused(ask)
        assert "DATABASE_URL cannot be read" in said
        assert "hun" not in said


@pytest.mark.parametrize("cluster", ["", "?cluster=true"])
@pytest.mark.parametrize("password", ["hunter/2", "hunter?2", "hunter#2", "hun[ter2"])
def test_a_password_of_the_queue_is_not_taken_for_its_address(password: str, cluster: str) -> None:
    said = refused(lambda: connect(f"redis://:{password}@127.0.0.1:1/0{cluster}"))
    assert "REDIS_URL cannot be read" in said
    assert "hun" not in said


@pytest.mark.parametrize("option", ["nosuch=1", "socket_timeout=soon", "db=first"])
def test_an_option_of_the_queue_that_there_is_not_is_found_before_it_is_asked(option: str) -> None:
    assert "its options are" in refused(lambda: connect(f"redis://127.0.0.1:1?{option}"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hun%40ter%2F2@127.0.0.1:1/jobs_db",
        "postgres://127.0.0.1:1,127.0.0.1:2/jobs_db?application_name=a@b",
        "postgresql:///jobs_db?host=/nowhere&port=1",
        "postgresql://user:a:b#c?d@127.0.0.1:1/jobs_db",
    ],
)
def test_what_the_database_takes_is_taken(url: str) -> None:
    with pytest.raises(StoreUnavailable):
        Connection(url).rows("SELECT 1", {})


@pytest.mark.parametrize(
    "url", ["redis://:hun%2Fter%3F@h:1/0", "rediss://u:a@b@[::1]:1?cluster=true"]
)
def test_what_the_queue_takes_is_taken(url: str) -> None:
    connect(url).close()
