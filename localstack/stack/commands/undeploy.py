"""Delete the deployment from the running stack or the target that --env names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from stack.commands import deploy
from stack.console import say
from stack.deploy import Deployment
from stack.deploy_target import LOCAL, DeployTarget
from stack.settings import SettingsError
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """Those of `deploy`, and --yes."""
    deploy.arguments(options)
    options.add_argument("--yes", action="store_true", help="do not ask")


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Delete it; rows, queues and exports stay."""
    if options.env not in {"", LOCAL}:
        target = DeployTarget.named(options.env)
        if options.yes or target.in_docker or confirmed(target.stack, target.region):
            target.undeploy()
        return
    if stack.engine.process.find() is None:
        raise NotReadyError("the stack is not up: there is nothing to delete")
    with stack.locked():
        Deployment(stack).remove()
    say("deleted; `make deploy` brings it back")


def confirmed(name: str, region: str) -> bool:
    """Ask whether to delete the stack `name`; raises `SettingsError` if nobody can answer."""
    if not sys.stdin.isatty():
        raise SettingsError(f"say YES=1 to delete {name} in {region}: no terminal to ask at")
    answer = input(f"Delete {name} in {region}? Rows, queues and exports stay. [y/N] ")
    return answer.strip().lower() in {"y", "yes"}
