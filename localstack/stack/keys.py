"""API keys of the local stack, made and revoked by `jobs.api_keys`, which needs a database only."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stack.surroundings import for_part
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stack.stack import Stack

REQUIRED = "required"


def program(stack: Stack, arguments: Sequence[str]) -> tuple[list[str], Mapping[str, str]]:
    """The command `jobs.api_keys` with `arguments`, and its environment."""
    environment = {**for_part(), "DATABASE_URL": stack.services[0].address}
    return [sys.executable, "-m", "jobs.api_keys", *arguments], environment


@contextmanager
def lent(stack: Stack, owner: str, scopes: str) -> Iterator[str | None]:
    """Give an API key that is revoked after the block; None if the API needs no key.

    Raises `NotReadyError` if no key can be made.
    """
    if stack.settings.parameters["ApiKeys"] != REQUIRED:
        yield None
        return
    key = _run(stack, "create", owner, "--scopes", scopes)
    try:
        yield key
    finally:
        _run(stack, "revoke", key.split("_")[1])


def _run(stack: Stack, *arguments: str) -> str:
    command, environment = program(stack, arguments)
    done = subprocess.run(  # noqa: S603 - a program of ours
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotReadyError(done.stderr.strip())
    return done.stdout.strip()
