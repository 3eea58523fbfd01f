"""A crash of PostgreSQL: all of it dies at once, in the middle of whatever it does."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil

from stack.waiting import wait_until

if TYPE_CHECKING:
    from stack.servers.postgres import Postgres


def crash(server: Postgres) -> None:
    """Kill it with all its sessions, each of them a process group of its own; start it again."""
    sessions = server.process.members()
    for each in sessions:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    server.kill()
    wait_until(lambda: all(map(_is_gone, sessions)), "the end of all sessions", seconds=30)
    server.start()


def _is_gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True
