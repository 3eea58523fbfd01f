"""Open the stack's Redis; commands may come from standard input."""

from __future__ import annotations

import os
from argparse import REMAINDER
from typing import TYPE_CHECKING, NoReturn

from stack.environments import install
from stack.paths import CLIENTS
from stack.shims import other_than_ours

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """What redis-cli takes."""
    options.add_argument("-u", dest="url", help="another server, redis://host:port/database")
    options.add_argument("words", nargs=REMAINDER, help="passed on to redis-cli")


def run(stack: Stack, options: argparse.Namespace) -> NoReturn:
    """Become redis-cli: the machine's own, or iredis."""
    url = options.url or stack.services[1].address
    for name in ("redis-cli", "valkey-cli"):
        if program := other_than_ours(name, stack.state):
            os.execv(program, [program, "-u", url, *options.words])  # noqa: S606
    program = str(install(CLIENTS) / "iredis")
    os.execv(program, [program, "--url", url, *options.words])  # noqa: S606
