"""Finds a Python on this machine for a project that needs another version than ours.

`python -m stack.interpreters VERSIONS` prints its path, for versions such as `==3.13.*`.
"""

from __future__ import annotations

import argparse
import os
import subprocess

from stack.console import say
from stack.environments import InstallError, search_path, uv
from stack.surroundings import for_download

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
        env={**for_download(), "PATH": search_path(os.environ)},
        check=False,
        capture_output=True,
        text=True,
    )


def main() -> None:
    """Print the path, or what would help."""
    options = argparse.ArgumentParser(prog="stack.interpreters", description=__doc__)
    options.add_argument("versions")
    try:
        say(find_python(options.parse_args().versions, "This"))
    except InstallError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
