"""The output folder: a file appears in it complete or not at all, and never outside of it."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

PREFIX = "output/"
DRAFT_SUFFIX = ".part"
MAX_NAME_BYTES = 255
NOT_IN_NAMES = {"Cc", "Cs"}
"""Kinds of characters that a file system or a terminal takes for something else."""


class NameTakenError(Exception):
    """A file is where a folder is needed, or a folder where a file is needed."""


@dataclass(frozen=True)
class Folder:
    """`path` holds one file for each object whose key begins with `PREFIX`."""

    path: Path

    def name_of(self, key: str) -> str | None:
        """The file's path below the folder for an object's key; None if there is none.

        An object beside `PREFIX` has none, nor one whose file would be outside of the folder, could
        not be named, or would look like a draft.
        """
        name = key.removeprefix(PREFIX)
        if name == key or not all(map(_possible, name.split("/"))):
            return None
        if name.startswith(".") and name.endswith(DRAFT_SUFFIX):
            return None
        return name if self._inside(name) else None

    def _inside(self, name: str) -> bool:
        """Whether no link in the folder leads `name` out of it."""
        top = self.path.resolve()
        return (self.path / name).parent.resolve().is_relative_to(top)

    def has(self, name: str, *, size: int, since: datetime) -> bool:
        """Whether `name` was written at or after `since` and has `size` bytes."""
        try:
            found = (self.path / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return found.st_size == size and found.st_mtime >= since.timestamp()

    def write(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Write a draft, sync it to disk and rename it to `name`; returns the path.

        Raises `NameTakenError` if another object needs a folder where this one needs a file.
        """
        target = self.path / name
        _make_folder(target)
        descriptor, draft = tempfile.mkstemp(DRAFT_SUFFIX, f".{target.name[:40]}-", self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, 0o644)  # noqa: PTH101
            os.replace(draft, target)  # noqa: PTH105
        except BaseException:
            os.unlink(draft)  # noqa: PTH108
            raise
        _sync(target.parent)
        return target

    def clean(self) -> int:
        """Remove the drafts of a mirror that was killed; returns how many there were."""
        drafts = list(self.path.glob(f".*{DRAFT_SUFFIX}"))
        for draft in drafts:
            draft.unlink(missing_ok=True)
        return len(drafts)


def _possible(part: str) -> bool:
    """Whether a file or folder may have this name."""
    if part in {"", ".", ".."} or len(part.encode(errors="replace")) > MAX_NAME_BYTES:
        return False
    return not any(unicodedata.category(each) in NOT_IN_NAMES for each in part)


def _make_folder(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NameTakenError(f"{error.filename} is a file") from None
    if target.is_dir():
        raise NameTakenError(f"{target} is a folder")


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
