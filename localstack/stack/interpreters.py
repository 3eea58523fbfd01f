"""A Python of this machine for a project that needs another than ours."""

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
BROUGHT = "3.13"
"""What is brought where none fits and that is allowed."""


def find_python(versions: str, what: str) -> str:
    """Path of an interpreter that fits `versions` (as `>=3.12`); `what` is what needs it.

    Where there is none and UV_PYTHON_DOWNLOADS is set to anything but `never`, uv brings one.
    Raises `InstallError`, which says what would help.
    """
    asked = _uv_python("find", "--no-project", "--system", versions)
    if asked.returncode and os.environ.get(DOWNLOADS, "never") != "never":
        say(f"{what} needs a Python {versions}: uv brings {BROUGHT} …")
        brought = _uv_python("install", BROUGHT)
        asked = (
            brought
            if brought.returncode
            else _uv_python("find", "--no-project", "--system", versions)
        )
    if asked.returncode:
        raise InstallError(
            f"{what} needs a Python {versions}, and there is none on the path, nor in pyenv's or "
            f"uv's folders. `uv python install {BROUGHT}` brings one ({DOWNLOADS}=automatic lets "
            f"this do it), or the system's packages do (python{BROUGHT}).\n{asked.stderr.strip()}"
        )
    return asked.stdout.strip()


def _uv_python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [uv(), "python", *words],
        env={**os.environ, "PATH": search_path(os.environ)},
        check=False,
        capture_output=True,
        text=True,
    )


def search_path(environ: Mapping[str, str]) -> str:
    """The search path with pyenv's own folders of programs instead of its shims.

    A shim exists for every version that is installed and fails for all that are not selected.
    """
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    shims = str(root / "shims")
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder != shims]
    installed = sorted((root / "versions").glob("3.*/bin"), key=_release, reverse=True)
    return os.pathsep.join([*folders, *map(str, installed)])


def _release(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())
