"""Shims: commands for a shell that talks to the stack, on machines that lack them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from stack.environments import uv
from stack.paths import SAM
from stack.servers.postgres import installed_programs
from stack.surroundings import past_proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "bin"

TAIL = """if [ "$1 $2" = "logs tail" ]; then shift 2; exec {command} "$@"; fi
"""


def make(state: Path, environment: Mapping[str, str]) -> None:
    """Write `psql`, `redis-cli`, `aws`, `awslocal`, `sam` and `samlocal` into the state folder.

    `environment` makes an AWS client talk to the stack; `awslocal`, `sam` and `samlocal` set it
    themselves.
    """
    here = Path(sys.executable).parent
    sam = [*_with({**environment, "SAM_CLI_TELEMETRY": "0"}), str(SAM / ".venv" / "bin" / "sam")]
    local = _with({**environment, "DISABLE_DEPRECATION_NOTICE": "1"})
    commands = {
        "psql": [str(installed_programs() / "psql")],
        "redis-cli": ["env", f"UV={uv()}", sys.executable, "-m", "stack", "redis-cli"],
        "aws": [str(here / "aws")],
        "awslocal": [*local, str(here / "awslocal")],
        "sam": sam,
        "samlocal": sam,
    }
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    tail = [*commands["awslocal"][:-1], sys.executable, "-m", "stack.logs_tail"]
    for name, command in commands.items():
        script = folder / name
        also = TAIL.format(command=_words(tail)) if name == "awslocal" else ""
        script.write_text(f'#!/bin/sh\n{also}exec {_words(command)} "$@"\n')
        script.chmod(0o755)


def _with(environment: Mapping[str, str]) -> list[str]:
    """The beginning of a command that runs with these variables, and without the user's profile."""
    variables = {**environment, **past_proxies(os.environ)}
    return ["env", "-u", "AWS_PROFILE", *(f"{name}={value}" for name, value in variables.items())]


def _words(command: list[str]) -> str:
    return " ".join(map(quote, command))


def path(state: Path, current: str) -> str:
    """PATH for the user's shell: `current` with the shims at its end, behind the machine's own.

    `make` has put our Python at the front of `current`, which the user's shell must not get.
    """
    ours = {str(state / FOLDER), str(Path(sys.executable).parent)}
    others = [folder for folder in current.split(os.pathsep) if folder not in ours]
    return os.pathsep.join([*others, str(state / FOLDER)])


def other_than_ours(name: str, state: Path) -> str | None:
    """The path of the machine's own command of that name; None if there is none."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(f for f in folders if f != str(state / FOLDER)))
