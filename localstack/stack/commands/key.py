"""The keys of the API; `DATABASE_URL` names another database than the stack's."""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """What `jobs.key` takes."""
    options.add_argument(
        "arguments",
        nargs=REMAINDER,
        help="create OWNER [--scopes submit,read,admin]; list; revoke ID",
    )


def run(stack: Stack, options: argparse.Namespace) -> NoReturn:
    """Become `jobs.key`."""
    environment = {**os.environ, "DATABASE_URL": stack.services[0].address}
    command = [sys.executable, "-m", "jobs.key", *options.arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606
