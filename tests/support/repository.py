"""A copy of the repository, in which a test may break the code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stack.environments import uv
from stack.paths import ROOT
from support.local_stack import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

DEPLOYED = ("template.yaml", "samconfig.toml", "uv.lock", "functions", "layers", "infra")
MADE_HERE = shutil.ignore_patterns(".venv", "__pycache__", ".mypy_cache", ".ruff_cache")


@dataclass(frozen=True)
class Repository:
    """A copy in `folder` with all that the local stack's command line needs."""

    folder: Path

    @classmethod
    def copied(cls, folder: Path) -> Repository:
        """A copy of this repository as it is now."""
        for name in (*DEPLOYED, "localstack", ".env.example"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=MADE_HERE)
            else:
                shutil.copy(source, folder / name)
        return cls(folder)

    def processor(self, name: str) -> Path:
        """The path of the job type's module of that name, whether it exists or not."""
        return self.folder / "layers" / "common" / "jobs" / "processors" / f"{name}.py"

    def environment(self, also: Mapping[str, str]) -> dict[str, str]:
        """The environment of every command in the copy; `also` are further variables."""
        return {
            **{name: value for name, value in os.environ.items() if name not in FOREIGN},
            "PYTHONPATH": str(self.folder / "localstack"),
            "UV": uv(),
            **also,
        }

    def run(self, *words: str, also: Mapping[str, str]) -> tuple[int, str]:
        """Run `python -m WORDS …` in the copy: its exit status and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=self.environment(also),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    @contextmanager
    def running(self, *words: str, also: Mapping[str, str]) -> Iterator[Callable[[], str]]:
        """`python -m WORDS …` while the block lasts, then Ctrl-C; gives what it has printed."""
        log = self.folder / "printed.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=self.folder,
                env=self.environment(also),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        try:
            yield log.read_text
            assert process.poll() is None, log.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
