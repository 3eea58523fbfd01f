"""Open the stack's database; statements may come from standard input."""

from __future__ import annotations

import os
import shutil
from argparse import REMAINDER
from typing import TYPE_CHECKING, NoReturn

from stack.servers.postgres import installed_programs

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """The arguments of psql."""
    options.add_argument("arguments", nargs=REMAINDER, help="passed on to psql")


def run(stack: Stack, options: argparse.Namespace) -> NoReturn:
    """Replace this process by psql: the machine's own, or else the one of our server package."""
    psql = shutil.which("psql") or str(installed_programs() / "psql")
    os.execv(psql, [psql, stack.services[0].address, *options.arguments])  # noqa: S606
