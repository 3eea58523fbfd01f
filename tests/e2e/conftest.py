"""One local stack for all tests from HTTP to file and mail, on ports and folders of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest

from support import differs
from support.local_stack import LocalStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """A healthy stack with the repository deployed into it."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
    folder.chmod(0o711)  # PostgreSQL's user has to pass through
    local = LocalStack.on_free_ports(folder)
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
