"""The other Python environments of the repository: each is a project with a lock of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from stack.console import say
from stack.paths import ROOT
from stack.surroundings import for_download

if TYPE_CHECKING:
    from collections.abc import Mapping


class InstallError(Exception):
    """A Python environment could not be installed."""


def uv() -> str:
    """The path of uv: from the variable UV, else from PATH. Raises `InstallError`."""
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        raise InstallError("uv is not installed: start this by `make`, which brings it")
    return found


def install(project: Path, *, path: str | None = None) -> Path:
    """Make the environment of `project` match its lock; returns its folder of programs.

    uv remakes an environment whose interpreter is gone or does not fit the project. It looks for
    another on `path`, or else on PATH. Raises `InstallError`.
    """
    if not (project / ".venv").exists():
        say(f"installing {os.path.relpath(project, ROOT)} …")
    made = subprocess.run(  # noqa: S603
        [uv(), "sync", "--frozen", "--quiet", "--project", str(project)],
        env={**for_download(), **({} if path is None else {"PATH": path})},
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise InstallError(f"uv sync --project {project} failed:\n{made.stderr.strip()}")
    return project / ".venv" / "bin"


def required_python(project: Path) -> str:
    """The versions of Python that `project` is made for, as `>=3.13,<3.14`."""
    return str(
        tomllib.loads((project / "pyproject.toml").read_text())["project"]["requires-python"]
    )


def python_version(project: Path) -> str:
    """The Python version of the environment of `project`, as `3.13`; raises `InstallError`."""
    config = (project / ".venv" / "pyvenv.cfg").read_text()
    found = re.search(r"^version_info = (\d+\.\d+)", config, re.MULTILINE)
    if found is None:
        raise InstallError(f"{project / '.venv'} does not say which Python it is for")
    return found[1]


def search_path(environ: Mapping[str, str]) -> str:
    """PATH with the program folders of pyenv's versions instead of its folder of shims.

    A shim exists for every installed version, but fails unless pyenv has selected that version.
    """
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    shims = str(root / "shims")
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder != shims]
    installed = sorted((root / "versions").glob("3.*/bin"), key=_release, reverse=True)
    return os.pathsep.join([*folders, *map(str, installed)])


def _release(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())
