"""The other Python environments of the repository: each is a project with a lock of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from stack.console import say
from stack.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


class InstallError(Exception):
    """A Python environment could not be installed."""


def uv() -> str:
    """The path of uv: from the variable UV, else from PATH. Raises `InstallError`."""
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise InstallError("uv is not installed: start this by `make`, which brings it")
    return found


def install(project: Path, python: str | None = None) -> Path:
    """Make the environment of `project` match its lock; returns its folder of programs.

    `python` is the interpreter for a new environment. Raises `InstallError`.
    """
    chosen = ["--python", python] if python and not (project / ".venv").exists() else []
    if not (project / ".venv").exists():
        say(f"installing {project.relative_to(ROOT)} …")
    made = subprocess.run(  # noqa: S603
        [uv(), "sync", "--frozen", "--quiet", "--project", str(project), *chosen],
        env={key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise InstallError(f"uv sync --project {project} failed:\n{made.stderr.strip()}")
    return project / ".venv" / "bin"


def python_version(project: Path) -> str:
    """The Python version of the environment of `project`, as `3.13`; raises `InstallError`."""
    config = (project / ".venv" / "pyvenv.cfg").read_text()
    found = re.search(r"^version_info = (\d+\.\d+)", config, re.MULTILINE)
    if found is None:
        raise InstallError(f"{project / '.venv'} does not say which Python it is for")
    return found[1]
