"""Create, list and revoke API keys, of the running stack or of the target that --env names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.console import say
from stack.deploy_target import LOCAL, DeployTarget
from stack.keys import Keys

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """--env as `deploy` has it, and a command of its own."""
    options.add_argument("--env", default="", help="localstack, dev or prod")
    commands = options.add_subparsers(dest="action", required=True)
    create = commands.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("owner", help="whose jobs it is for: ci, billing, …")
    create.add_argument("--scopes", default="submit,read", help="of submit, read, admin")
    commands.add_parser("list", help="show all keys")
    revoke = commands.add_parser("revoke", help="make a key worthless, from now on")
    revoke.add_argument("id", help="as the list has it")


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Print what the poller function answers; raises `AdminError`, `NotReadyError`."""
    local = options.env in {"", LOCAL}
    keys = Keys.of(stack) if local else DeployTarget.named(options.env).keys()
    match options.action:
        case "create":
            say(keys.create(options.owner, options.scopes))
        case "list":
            say(keys.list())
        case _:
            say(keys.revoke(options.id))
