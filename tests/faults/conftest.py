"""A world for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from faults.kit.world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class MakeWorld(Protocol):
    """Makes the test's world; see `faults.kit.world.world`."""

    def __call__(
        self,
        *,
        most: int = 4,
        seconds: float = 300.0,
        database_at: str | None = None,
        queue_at: str | None = None,
        **more: str,
    ) -> World: ...


Say = Callable[[str], None]


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Writes a line to the terminal, whatever becomes of the test's own output."""
    plugin: Callable[[str], Any] = request.config.pluginmanager.get_plugin
    reporter, capture = plugin("terminalreporter"), plugin("capturemanager")

    def write(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(text)

    return write


@pytest.fixture
def make_world(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[MakeWorld]:
    with ExitStack() as stack:

        def make(**options: Any) -> World:
            return stack.enter_context(world(tmp_path, postgres_url, redis_url, **options))

        yield make
