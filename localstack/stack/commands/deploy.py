"""Build and deploy after a change, into the running stack or the target that --env names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stack.console import paint, say
from stack.deploy import Deployment
from stack.deploy_target import LOCAL, DeployTarget
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """--env: a table of samconfig.toml; without it, the running stack."""
    options.add_argument("--env", default="", help="localstack, dev or prod")


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Deploy, unless the running code is up to date. Raises `DeployError`, `NotReadyError`."""
    if options.env not in {"", LOCAL}:
        DeployTarget.named(options.env).deploy(stack.state)
        return
    if stack.engine.process.find() is None:
        raise NotReadyError("the stack is not up: run `make up`")
    began = time.monotonic()
    with stack.locked():
        changed = deploy(stack)
    done = "deployed" if changed else "nothing to deploy: unchanged since the last time,"
    say(f"{paint(done, 'green')} {time.monotonic() - began:.1f} s")


def deploy(stack: Stack) -> bool:
    """Bring the deployment up to date; returns whether anything was deployed."""
    deployment = Deployment(stack)
    if deployment.current():
        return False
    deployment.build()
    deployment.release()
    deployment.check_functions()
    return True
