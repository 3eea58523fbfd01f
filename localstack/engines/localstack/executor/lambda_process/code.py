"""Keeps unpacked code while a process runs it, even if LocalStack removes its own copy."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path


class CodeStore:
    """Copies of unpacked archives, hard links if possible, with a count of their users."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users: Counter[str] = Counter()
        self._lock = threading.Lock()

    def acquire(self, name: str, source: Path) -> Path:
        """The copy of `source` under `name`; it stays until `release` is called as often."""
        with self._lock:
            kept = self.folder / name
            if not kept.exists():
                self._copy(source, kept)
            self._users[name] += 1
            return kept

    def release(self, name: str) -> None:
        """Remove the copy once it has no user; an unknown name is ignored."""
        with self._lock:
            if name not in self._users:
                return
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name]
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def _copy(self, source: Path, kept: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=self.folder, prefix=".draft-"))
        shutil.copytree(source, draft, copy_function=_link, symlinks=True, dirs_exist_ok=True)
        draft.rename(kept)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def state_of(folder: Path) -> int:
    """A number that changes when a file in `folder` is edited, added or removed."""
    files = (path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts)
    return hash(tuple((path, path.stat().st_mtime_ns) for path in files if path.is_file()))
