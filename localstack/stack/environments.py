"""The other Python environments of the repository, each locked in a project of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class InstallError(Exception):
    """An environment could not be made."""


def uv() -> str:
    """The uv that runs us, or that is on the path."""
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise InstallError("uv is not installed: start this by `make`, which brings it")
    return found


def install(project: Path) -> Path:
    """Bring the environment of `project` in line with its lock; returns its folder of programs."""
    made = subprocess.run(  # noqa: S603
        [uv(), "sync", "--frozen", "--quiet", "--project", str(project)],
        env={key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise InstallError(f"uv sync --project {project} failed:\n{made.stderr.strip()}")
    return project / ".venv" / "bin"
