"""Environments for functions that the tests write; they end with the test."""

from __future__ import annotations

import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Protocol

import pytest

from lambda_process.environment import Environment
from lambda_process.interpreters import OWN, Python
from lambda_process.layout import variables
from lambda_process.runtime import Launch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Make(Protocol):
    """Makes an environment that runs `source`, a module with a function `handler`."""

    def __call__(self, source: str, **own: str) -> Environment: ...


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Make]:
    """Makes started environments."""
    made: list[Environment] = []

    def make(source: str, **own: str) -> Environment:
        code, scratch = tmp_path / f"code{len(made)}", tmp_path / "scratch"
        code.mkdir()
        scratch.mkdir(exist_ok=True)
        (code / "function.py").write_text(dedent(source))
        env = variables(own, Python(sys.executable, OWN), code, [], scratch)
        started = Environment(Launch(sys.executable, "function.handler", env, code), 128)
        started.start()
        made.append(started)
        return started

    yield make
    for each in made:
        each.stop(grace=0)
