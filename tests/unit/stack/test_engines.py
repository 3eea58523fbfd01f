"""The choice of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.engines import EngineRunsError, engine_in
from stack.engines.engine import TITLE
from stack.process import Process
from stack.servers.server import Server

if TYPE_CHECKING:
    from pathlib import Path

PORT = 4566


def started(folder: Path, title: str) -> None:
    """The state folder of an engine that was started and not stopped."""
    (folder / TITLE).write_text(title)
    (folder / "engine.pid").write_text("1 0.0\n")


def test_default_is_ministack(tmp_path: Path) -> None:
    assert engine_in(tmp_path, None, PORT).title == "ministack"


def test_chosen_one_is_taken(tmp_path: Path) -> None:
    assert engine_in(tmp_path, "localstack", PORT).title == "localstack"


def test_one_that_was_started_need_not_be_chosen(tmp_path: Path) -> None:
    started(tmp_path, "localstack")
    assert engine_in(tmp_path, None, PORT).title == "localstack"


def test_one_that_was_stopped_is_forgotten(tmp_path: Path) -> None:
    started(tmp_path, "localstack")
    (tmp_path / "engine.pid").unlink()
    assert engine_in(tmp_path, None, PORT).title == "ministack"


def test_one_that_died_gives_way_to_the_chosen_one(tmp_path: Path) -> None:
    started(tmp_path, "localstack")
    assert engine_in(tmp_path, "ministack", PORT).title == "ministack"


def test_what_a_crash_left_is_gone_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "start", lambda _: None)
    left = tmp_path / "tmp" / "lambda-scratch"
    left.mkdir(parents=True)
    engine_in(tmp_path, "localstack", PORT).start()
    assert not left.exists()


def test_one_that_runs_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started(tmp_path, "localstack")
    monkeypatch.setattr(Process, "find", lambda _: object())
    with pytest.raises(EngineRunsError, match=r"runs on localstack.*ENGINE=localstack make down"):
        engine_in(tmp_path, "ministack", PORT)
