"""A function runs on the Python of its Runtime if there is one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from lambda_process import interpreters
from lambda_process.interpreters import OWN, VARIABLE, UnsupportedRuntimeError, interpreter_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No Python on PATH, none named, none cached."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    for remembered in (interpreter_for, interpreters._named):
        remembered.cache_clear()
    yield
    for remembered in (interpreter_for, interpreters._named):
        remembered.cache_clear()


def named(folder: Path, name: str, version: str) -> Path:
    """A program that claims to be a Python of `version`."""
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    return program


def test_own_interpreter_runs_its_own_version() -> None:
    assert interpreter_for(f"python{OWN}") == (sys.executable, OWN)


def test_named_interpreter_goes_before_the_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = named(tmp_path, "mine", OWN)
    monkeypatch.setenv(VARIABLE, str(program))
    assert interpreter_for(f"python{OWN}") == (str(program), OWN)


def test_interpreter_is_found_on_the_path(tmp_path: Path) -> None:
    program = named(tmp_path, "python3.99", "3.99")
    assert interpreter_for("python3.99") == (str(program), "3.99")


def test_path_entry_of_another_version_is_not_taken(tmp_path: Path) -> None:
    named(tmp_path, "python3.99", "3.98")
    assert interpreter_for("python3.99") == (sys.executable, OWN)


def test_first_one_named_runs_what_there_is_no_python_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = [named(tmp_path, "one", "3.97"), named(tmp_path, "two", "3.98")]
    monkeypatch.setenv(VARIABLE, ":".join(map(str, programs)))
    assert interpreter_for("python3.99") == (str(programs[0]), "3.97")
    assert interpreter_for("python3.98") == (str(programs[1]), "3.98")


def test_named_program_that_is_no_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/python")
    with pytest.raises(UnsupportedRuntimeError, match=f"{VARIABLE}.*/nowhere/python"):
        interpreter_for(f"python{OWN}")


@pytest.mark.parametrize("runtime", ["nodejs22.x", "None", "provided.al2023"])
def test_runtime_that_is_no_python_is_refused(runtime: str) -> None:
    with pytest.raises(UnsupportedRuntimeError, match=r"python3\.x"):
        interpreter_for(runtime)
