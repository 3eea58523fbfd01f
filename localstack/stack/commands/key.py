"""Create, list and revoke API keys, in the stack's database or that of `DATABASE_URL`."""

from __future__ import annotations

import os
from argparse import REMAINDER
from typing import TYPE_CHECKING, NoReturn

from stack.keys import program

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """The arguments of `jobs.api_keys`."""
    options.add_argument(
        "arguments",
        nargs=REMAINDER,
        help="create OWNER [--scopes submit,read,admin]; list; revoke ID",
    )


def run(stack: Stack, options: argparse.Namespace) -> NoReturn:
    """Replace this process by `jobs.api_keys`."""
    command, environment = program(stack, options.arguments)
    os.execve(command[0], command, environment)  # noqa: S606
