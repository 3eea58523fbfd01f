"""A fitting Python is found, installed if that is allowed, or the error says what would help."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from stack.environments import InstallError, search_path, uv
from stack.interpreters import find_python

if TYPE_CHECKING:
    from pathlib import Path


def test_shims_give_way_to_the_versions_themselves(tmp_path: Path) -> None:
    for version in ("3.9.18", "3.13.0", "3.12.1", "2.7.18"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
    found = search_path(
        {"PYENV_ROOT": str(tmp_path), "PATH": os.pathsep.join([f"{tmp_path}/shims", "/usr/bin"])}
    )
    installed = [f"{tmp_path}/versions/{version}/bin" for version in ("3.13.0", "3.12.1", "3.9.18")]
    assert found.split(os.pathsep) == ["/usr/bin", *installed]


def test_without_pyenv_the_path_stays_as_it_is(tmp_path: Path) -> None:
    assert search_path({"PYENV_ROOT": str(tmp_path), "PATH": "/a:/b"}) == "/a:/b"


def uv_that(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> Path:
    """Replace uv by a shell script; returns the file `$calls`, with one line for each call."""
    calls = folder / "calls"
    program = folder / "uv"
    program.write_text(f'#!/bin/sh\ncalls={calls}\necho "$@" >> "$calls"\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("UV", str(program))
    return calls


def test_a_missing_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    with pytest.raises(InstallError, match=r"Sluice needs a Python >=3\.99.*uv python install"):
        find_python(">=3.99", "Sluice")


def test_engine_without_its_python_says_so_and_nothing_else(tmp_path: Path) -> None:
    nothing = {"PYENV_ROOT": str(tmp_path), "UV_PYTHON_INSTALL_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "stack.engines", "localstack"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "UV": uv(), **nothing},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("LocalStack needs a Python >=3.13,<3.14, and there is none")
    assert "Traceback" not in done.stderr


def test_nothing_is_installed_unless_downloads_are_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = uv_that(monkeypatch, tmp_path, "exit 2")
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)
    with pytest.raises(InstallError):
        find_python(">=3.13", "LocalStack")
    assert "install" not in calls.read_text()


def test_a_missing_python_is_installed_if_downloads_are_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = uv_that(
        monkeypatch, tmp_path, 'grep -q install "$calls" || exit 2; echo /installed/python'
    )
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "automatic")
    assert find_python(">=3.13", "LocalStack") == "/installed/python"
    assert [line.split()[:2] for line in calls.read_text().splitlines()] == [
        ["python", "find"],
        ["python", "install"],
        ["python", "find"],
    ]


def test_a_failed_installation_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv_that(monkeypatch, tmp_path, "echo no network >&2; exit 2")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "automatic")
    with pytest.raises(InstallError, match=r"(?s)LocalStack needs a Python.*no network"):
        find_python(">=3.13", "LocalStack")
