"""A server of the user's own replaces ours; an address that is ours chooses ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.ports import free_port
from stack.services import public, services
from stack.settings import Settings
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from pathlib import Path

    from stack.servers.mail import Mail


@pytest.fixture
def ports(tmp_path: Path) -> dict[str, str]:
    """Ports on which nothing listens."""
    names = ("POSTGRES_PORT", "REDIS_PORT", "MAIL_PORT", "MAIL_PAGE_PORT", "MAILBOX_PORT")
    return {name: str(free_port()) for name in names} | {"SLUICE_STATE": str(tmp_path)}


def test_without_a_word_all_servers_are_ours(ports: dict[str, str]) -> None:
    for service in services(Settings.read(ports)):
        assert service.server is not None
        service.require()  # ours need not run yet


def test_servers_that_are_named_are_used(
    ports: dict[str, str], postgres_url: str, redis_url: str, smtp: Mail
) -> None:
    named = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": f"{redis_url}?cluster=true",
        "MAIL_HOST": "localhost",
        "MAIL_PORT": str(smtp.port),
    }
    for service in services(Settings.read({**ports, **named})):
        assert service.server is None
        service.require()


@pytest.mark.parametrize(
    "named",
    [
        {"DATABASE_URL": "postgresql://me:secret@127.0.0.1:{port}/mine"},
        {"REDIS_URL": "redis://:secret@127.0.0.1:{port}/0"},
        {"MAIL_HOST": "mail.invalid"},
    ],
)
def test_a_named_server_has_to_answer(ports: dict[str, str], named: dict[str, str]) -> None:
    chosen = {name: value.format(port=free_port()) for name, value in named.items()}
    foreign = [s for s in services(Settings.read({**ports, **chosen})) if s.server is None]
    assert len(foreign) == 1
    with pytest.raises(NotReadyError, match="does not answer") as caught:
        foreign[0].require()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_our_own_addresses_name_our_own_servers(
    ports: dict[str, str], scheme: str, host: str
) -> None:
    """The addresses of a shell that has evaluated `make env`."""
    named = {
        "DATABASE_URL": f"{scheme}://user:password@{host}:{ports['POSTGRES_PORT']}/jobs_db",
        "REDIS_URL": f"redis://{host}:{ports['REDIS_PORT']}/0",
        "MAIL_HOST": host,
    }
    assert all(s.server is not None for s in services(Settings.read({**ports, **named})))


def test_a_url_is_shown_without_its_password() -> None:
    assert public("postgresql://me:secret@host:5/db") == "postgresql://host:5/db"
