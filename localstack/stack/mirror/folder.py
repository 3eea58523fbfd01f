"""The output folder: a file appears in it complete or not at all, and never outside of it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

PREFIX, SUFFIX = "output/", ".csv"
DRAFT_SUFFIX = ".part"
MAX_NAME_BYTES = 255 - len(DRAFT_SUFFIX) - 10


@dataclass(frozen=True)
class Folder:
    """`path` holds one file for each export."""

    path: Path

    def name_of(self, key: str) -> str | None:
        """The file name for an object's key; None if the object is no export."""
        name = key.removeprefix(PREFIX)
        if name == key or not name.endswith(SUFFIX) or name.startswith("."):
            return None
        if any(character in "/\\:" or not character.isprintable() for character in name):
            return None
        return name if len(name.encode()) <= MAX_NAME_BYTES else None

    def has(self, name: str, *, size: int, since: datetime) -> bool:
        """Whether `name` was written at or after `since` and has `size` bytes."""
        try:
            found = (self.path / name).stat()
        except FileNotFoundError:
            return False
        return found.st_size == size and found.st_mtime >= since.timestamp()

    def write(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Write a draft, sync it to disk and rename it to `name`; returns the path."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(DRAFT_SUFFIX, f".{name[:40]}-", self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, 0o644)  # noqa: PTH101
            os.replace(draft, self.path / name)  # noqa: PTH105
        except BaseException:
            os.unlink(draft)  # noqa: PTH108
            raise
        self._sync()
        return self.path / name

    def clean(self) -> int:
        """Remove the drafts of a mirror that was killed; returns how many there were."""
        drafts = list(self.path.glob(f".*{DRAFT_SUFFIX}"))
        for draft in drafts:
            draft.unlink(missing_ok=True)
        return len(drafts)

    def _sync(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
