"""`make clean` removes all that make created."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from stack.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KEPT = {".env", "output/"}
"""What git ignores and `make clean` keeps: the user's settings and exports."""


def test_clean_removes_what_git_ignores_but_settings_and_exports(tmp_path: Path) -> None:
    for name in ("Makefile", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    ignored = re.findall(r"^[^*\n]+$", (tmp_path / ".gitignore").read_text(), re.MULTILINE)
    for name in (*ignored, "localstack/engines/localstack/.venv/", "infra/sam/.venv/"):
        path = tmp_path / name.strip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
            path /= "made"
        path.touch()
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "make", "clean", "UV=true")
    left = run(tmp_path, "git", "status", "--short", "--ignored")
    assert set(re.findall(r"^!! (.*)$", left, re.MULTILINE)) == KEPT


def run(folder: Path, *command: str) -> str:
    """Run a command in `folder`; returns its output."""
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout
