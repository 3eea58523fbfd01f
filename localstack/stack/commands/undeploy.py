"""Delete the deployment from the running stack or the target that --env names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.commands import deploy
from stack.console import say
from stack.deploy import Deployment
from stack.deploy_target import LOCAL, DeployTarget
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """Those of `deploy`."""
    deploy.arguments(options)


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Delete it; rows, queues and exports stay."""
    if options.env not in {"", LOCAL}:
        DeployTarget.named(options.env).undeploy()
        return
    if stack.engine.process.find() is None:
        raise NotReadyError("the stack is not up: there is nothing to delete")
    with stack.locked():
        Deployment(stack).remove()
    say("deleted; `make deploy` brings it back")
