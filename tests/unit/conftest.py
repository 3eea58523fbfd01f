"""The API on fakes."""

from __future__ import annotations

import pytest

from jobs import bootstrap
from support.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """What the API function is put together from in this test."""
    made = World()
    api = made.api()
    monkeypatch.setattr(bootstrap, "api", lambda: api)
    return made
