"""The user for a server that refuses to run as root, and folders which that user can use."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from stack.waiting import NotReadyError

OTHERS_MAY_ENTER = 0o001
OTHERS_MAY_READ = 0o004


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

    The other one is in /var/tmp and has a name made from `wanted`, which becomes a link to it. What
    `wanted` holds already moves there. Raises `NotReadyError` if another user has made it.
    """
    # Not all of `wanted` is resolved: an earlier run may have made it a link.
    place = wanted.parent.resolve() / wanted.name
    if place.is_symlink():
        folder = place.readlink()
    elif service_user is None or reachable(place):
        folder = place
    else:
        name = sha256(str(place).encode()).hexdigest()[:16]
        folder = Path("/var/tmp") / f"sluice-{name}"  # noqa: S108
        _refuse_foreign(folder, service_user)
        if place.exists():
            shutil.move(place, folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if service_user is not None:
        shutil.chown(folder, service_user)
    return folder


def _refuse_foreign(folder: Path, service_user: str) -> None:
    if folder.is_symlink() or (folder.exists() and folder.owner() not in {service_user, "root"}):
        raise NotReadyError(f"{folder} is needed here, but another user has made it: remove it")


def readable_copy(tree: Path, folder: Path) -> Path:
    """`tree`, or a copy of it in `folder` that every user who may enter `folder` can read."""
    if reachable(tree / "x") and all(map(_for_everybody, tree.rglob("*"))):
        return tree
    copy = folder / tree.name
    if not copy.exists():
        # The rename makes sure that an interrupted copy is not used.
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            half = Path(draft) / tree.name
            shutil.copytree(tree, half, symlinks=True)
            for path in (half, *half.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | _readable_bits(path))
            half.rename(copy)
    return copy


def _for_everybody(path: Path) -> bool:
    bits = _readable_bits(path)
    return path.stat().st_mode & bits == bits


def _readable_bits(path: Path) -> int:
    """The bits of its mode that let others read it, and enter or run it if the owner may."""
    mode = path.stat().st_mode
    return OTHERS_MAY_READ | (mode >> 6 & OTHERS_MAY_ENTER)
