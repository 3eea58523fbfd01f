"""Unpacked code that stays in place while anything runs it, whatever LocalStack removes."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import Counter
from pathlib import Path


class CodeStore:
    """Copies (by hard link where it can) of unpacked archives, counted by who uses them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._users: Counter[str] = Counter()
        self._lock = threading.Lock()

    def acquire(self, name: str, source: Path) -> Path:
        """The copy of `source` known as `name`; it stays until as many `release` calls."""
        with self._lock:
            kept = self.folder / name
            if not kept.exists():
                self._copy(source, kept)
            self._users[name] += 1
            return kept

    def release(self, name: str) -> None:
        """Remove the copy once nobody uses it; nothing happens for a name that is unknown."""
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
    """A number that is another one after a file in `folder` was edited, added or removed."""
    files = (path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts)
    return hash(tuple((path, path.stat().st_mtime_ns) for path in files if path.is_file()))
