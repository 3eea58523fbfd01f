"""Finds a Python on this machine for a project that needs another version than ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from stack.console import say
from stack.environments import InstallError, uv

if TYPE_CHECKING:
    from collections.abc import Mapping


DOWNLOADS = "UV_PYTHON_DOWNLOADS"
INSTALLED_VERSION = "3.13"
"""The version that uv installs if none fits and downloads are allowed."""


def find_python(versions: str, what: str) -> str:
    """The path of an interpreter that fits `versions` (as `>=3.12`); `what` names who needs it.

    If there is none and UV_PYTHON_DOWNLOADS is set to anything but `never`, uv installs one.
    Raises `InstallError`, which says what would help.
    """
    found = _uv_python("find", "--no-project", "--system", versions)
    if found.returncode and os.environ.get(DOWNLOADS, "never") != "never":
        say(f"{what} needs a Python {versions}: uv installs {INSTALLED_VERSION} …")
        installed = _uv_python("install", INSTALLED_VERSION)
        found = (
            installed
            if installed.returncode
            else _uv_python("find", "--no-project", "--system", versions)
        )
    if found.returncode:
        raise InstallError(
            f"{what} needs a Python {versions}, and there is none on the path, in pyenv's or in "
            f"uv's folders. Install one with `uv python install {INSTALLED_VERSION}` (or set "
            f"{DOWNLOADS}=automatic and try again), or install python{INSTALLED_VERSION} from the "
            f"system's packages.\n{found.stderr.strip()}"
        )
    return found.stdout.strip()


def _uv_python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [uv(), "python", *words],
        env={**os.environ, "PATH": search_path(os.environ)},
        check=False,
        capture_output=True,
        text=True,
    )


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
