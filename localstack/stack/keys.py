"""Keys of the API. `jobs.key` makes and revokes them, and the database is all that it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stack.stack import Stack

REQUIRED = "required"


def program(stack: Stack, arguments: Sequence[str]) -> tuple[list[str], Mapping[str, str]]:
    """The command `jobs.key` with `arguments`, and its environment."""
    environment = {**os.environ, "DATABASE_URL": stack.services[0].address}
    return [sys.executable, "-m", "jobs.key", *arguments], environment


@contextmanager
def lent(stack: Stack, owner: str, scopes: str) -> Iterator[str | None]:
    """A key for as long as the block lasts; None where the API asks for none.

    Raises `NotReadyError` where none can be made.
    """
    if stack.settings.parameters["ApiKeys"] != REQUIRED:
        yield None
        return
    key = _said(stack, "create", owner, "--scopes", scopes)
    try:
        yield key
    finally:
        _said(stack, "revoke", key.split("_")[1])


def _said(stack: Stack, *arguments: str) -> str:
    command, environment = program(stack, arguments)
    done = subprocess.run(  # noqa: S603 - a program of ours
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReadyError(done.stderr.strip())
    return done.stdout.strip()
