"""Unpacked code stays while it has a user, and is removed after that."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from lambda_process.code import CodeStore, state_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with code."""
    folder = tmp_path / "source"
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "module.py").write_text("1")
    return folder


def test_copy_outlives_its_source(tmp_path: Path, source: Path) -> None:
    kept = CodeStore(tmp_path / "store").acquire("name", source)
    shutil.rmtree(source)
    assert (kept / "package" / "module.py").read_text() == "1"


def test_copy_goes_with_its_last_user(tmp_path: Path, source: Path) -> None:
    store = CodeStore(tmp_path / "store")
    assert store.acquire("name", source) == store.acquire("name", source)
    store.release("name")
    assert (store.folder / "name").exists()
    store.release("name")
    assert not (store.folder / "name").exists()
    store.release("name")
    assert store.acquire("name", source).exists()


def test_state_is_another_after_an_edit(source: Path) -> None:
    before = state_of(source)
    assert state_of(source) == before
    (source / "package" / "__pycache__").mkdir()
    (source / "package" / "__pycache__" / "module.pyc").touch()
    assert state_of(source) == before
    (source / "more.py").touch()
    added = state_of(source)
    assert added != before
    (source / "more.py").unlink()
    (source / "package" / "module.py").write_text("2")
    assert state_of(source) not in {before, added}
