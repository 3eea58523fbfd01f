"""Local stacks for all tests from HTTP to file and mail, on ports and folders of their own."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest
import redis

from stack.waiting import wait_until
from support import differs
from support.local_stack import OPTIONS, UNANNOUNCED, LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A healthy stack with the repository deployed into it, with the default settings."""
    with _running() as local:
        yield local


@pytest.fixture(scope="session")
def full_stack() -> Iterator[LocalStack]:
    """A stack that requires API keys, calls back and sends events; it holds the row UNANNOUNCED."""
    with _running(**OPTIONS) as local:
        local.aws("events").create_event_bus(Name=OPTIONS["EVENT_BUS"])
        key = local.command("key", "create", "tests", "--scopes", "admin").stdout.strip()
        _insert_unannounced(local)
        yield replace(local, key=key)


def _insert_unannounced(local: LocalStack) -> None:
    """Insert the row now: other tests run in the minute that the next tick may take."""
    with redis.Redis.from_url(local.parts.services[1].address) as queue:
        # The deployment invoked a poller like the schedule does: it must not find the row.
        wait_until(lambda: not queue.exists("{jobs}:pollers"), "the poller's end", seconds=60)
    local.rows(
        "INSERT INTO jobs (id, type, priority, payload) VALUES (%s, %s, %s, %s)",
        *(UNANNOUNCED, "CSV_EXPORT", "default", '{"data": [{"id": 1}]}'),
    )


@contextmanager
def _running(**options: str) -> Iterator[LocalStack]:
    folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
    folder.chmod(0o711)  # PostgreSQL's user has to pass through
    local = LocalStack.on_free_ports(folder, **options)
    try:
        local.command("up")
        yield local
    finally:
        local.command("clean")
        rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was expected otherwise because of the engine."""
    if differs.told:
        terminalreporter.section("differs on this engine")
    for what, does in differs.told.items():
        terminalreporter.line(f"{what}: {does}")
