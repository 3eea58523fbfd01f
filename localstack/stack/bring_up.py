"""Make the whole stack run and be healthy, from any state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from stack import shims
from stack.admin import AdminError
from stack.console import say
from stack.deploy import Deployment
from stack.engines import EngineRunsError, UnknownEngineError
from stack.environments import InstallError
from stack.sam import DeployError
from stack.settings import SettingsError
from stack.waiting import NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.stack import Stack

EXPECTED = (
    AdminError,
    BotoCoreError,
    ClientError,
    DeployError,
    EngineRunsError,
    InstallError,
    NotReadyError,
    SettingsError,
    UnknownEngineError,
)
"""Errors whose message is for the user: no traceback is shown."""


def bring_up(
    stack: Stack, *, only_if: Callable[[], bool] = lambda: True, edited: bool = True
) -> None:
    """Start the parts that are down and deploy if needed; a healthy stack is left alone.

    `only_if` is called under the lock of the stack; if false, nothing happens. With `edited`,
    source files that changed since the last deployment are deployed. Raises one of `EXPECTED`.
    """
    deployment = Deployment(stack)
    with stack.locked():
        if not only_if():
            return
        stack.check()
        if lost := stack.engine.forgot():
            deployment.forget()
        stack.engine.prepare()
        stale = (edited or lost) and not deployment.current()
        if stale and edited:
            # Before the start, to report an error at once; the build checks again.
            deployment.check()
        fresh = _starting(stack)
        with ThreadPoolExecutor() as pool:
            # The build needs none of the servers.
            built = pool.submit(deployment.build) if stale else None
            stack.start()
        if built is not None:
            built.result()
            say("built; deploying …")
            deployment.release()
        elif fresh:
            deployment.wake_poller()
        _start_followers(stack)
        if built is not None:
            # Last: the parts that can work do so, though another cannot.
            deployment.check_functions()


def _start_followers(stack: Stack) -> None:
    """Start the parts that follow a deployment."""
    stack.mirror.start()
    shims.make(stack.state, stack.engine.environment())
    stack.supervisor.start()


def _starting(stack: Stack) -> list[str]:
    """Name the parts that are down, and return their names."""
    fresh = [part.name for part in stack.parts if part.process.find() is None]
    if fresh:
        say(f"starting {', '.join(fresh)} …")
    return fresh
