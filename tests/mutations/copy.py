"""A copy of the checkout in which things can be broken, and its tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
SOURCES = ("layers/common", "localstack", "functions")
PARTS = (
    *SOURCES,
    *("tests", "pyproject.toml", "template.yaml", "infra/openapi.yaml", "README.md", "docs"),
)
LONGEST = 100
"""Seconds that one test may take; a change may well leave it waiting for ever."""

PASSED, FAILED = 0, 1
"""Exit codes of pytest; any other says that tests were not run."""

_UNWANTED = shutil.ignore_patterns("__pycache__", ".venv", "node_modules", ".aws-sam")


@dataclass(frozen=True, slots=True)
class Copy:
    """A checkout in `folder`, whose tests import what is in it and nothing of the original."""

    folder: Path

    @classmethod
    def into(cls, folder: Path) -> Copy:
        for part in PARTS:
            source, target = ROOT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=_UNWANTED)
            elif source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return cls(folder)

    def failure(self, tests: Iterable[str]) -> str | None:
        """Run `tests` until one fails; what pytest said then. Raises `RuntimeError`."""
        self._hold_to_itself()
        options = ("-x", "-q", "-p", "no:cacheprovider", f"--timeout={LONGEST}")
        ran = self._python("-m", "pytest", *options, *sorted(tests))
        if ran.returncode not in (PASSED, FAILED):
            raise RuntimeError(f"the tests could not be run:\n{ran.stdout}{ran.stderr}")
        return None if ran.returncode == PASSED else ran.stdout + ran.stderr

    def _hold_to_itself(self) -> None:
        found = self._python("-c", "import jobs; print(jobs.__file__)").stdout.strip()
        if not Path(found).is_relative_to(self.folder):
            raise RuntimeError(f"the copy's tests would import {found}, not the copy")

    def _python(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(str(self.folder / source) for source in SOURCES)
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            # No stale bytecode: a mutation may have the size and the second of what it replaces.
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            text=True,
            capture_output=True,
            check=False,
        )
