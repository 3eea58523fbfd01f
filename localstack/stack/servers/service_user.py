"""The user for a server that refuses to run as root, and folders which that user can use."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

OTHERS_MAY_ENTER = 0o001


def unprivileged_user() -> str | None:
    """The name of the user to switch to; None if we are not root."""
    if os.name != "posix" or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415  (not on every platform)

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody", "daemon") if name in known), "nobody")


def reachable(path: Path) -> bool:
    """Whether every user may enter all folders above `path`."""
    return all(folder.stat().st_mode & OTHERS_MAY_ENTER for folder in path.resolve().parents)


def owned_folder(wanted: Path, service_user: str | None) -> Path:
    """Make a folder that `service_user` owns: `wanted`, or another if the user cannot reach it.

    The other one is in /var/tmp and has a name made from `wanted`, which becomes a link to it.
    """
    folder = wanted
    if service_user is not None and not reachable(wanted):
        name = sha256(str(wanted.resolve()).encode()).hexdigest()[:16]
        folder = Path("/var/tmp") / f"sluice-{name}"  # noqa: S108
    folder.mkdir(parents=True, exist_ok=True)
    if service_user is not None:
        shutil.chown(folder, service_user)
    if folder is not wanted and not wanted.is_symlink():
        wanted.symlink_to(folder)
    return folder


def readable_copy(tree: Path, folder: Path) -> Path:
    """`tree`, or a copy of it in `folder` if not every user can read it."""
    if reachable(tree / "x"):
        return tree
    copy = folder / tree.name
    if not copy.exists():
        # The rename makes sure that an interrupted copy is not used.
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            half = Path(draft) / tree.name
            shutil.copytree(tree, half, symlinks=True)
            half.rename(copy)
    return copy
