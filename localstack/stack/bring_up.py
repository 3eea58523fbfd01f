"""Bring the whole stack to health, from whatever state it is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from stack import shims
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
    BotoCoreError,
    ClientError,
    DeployError,
    EngineRunsError,
    InstallError,
    NotReadyError,
    SettingsError,
    UnknownEngineError,
)
"""What can go wrong and says itself what is wrong."""


def bring_up(
    stack: Stack, *, only_if: Callable[[], bool] = lambda: True, edited: bool = True
) -> None:
    """Start what does not run and deploy what is not deployed; nothing is done twice.

    `only_if` is asked once nobody else is changing the stack. `edited`: deploy what was edited
    since, too. Raises one of `EXPECTED`.
    """
    deployment = Deployment(stack)
    with stack.locked():
        if not only_if():
            return
        stack.check()
        lost = stack.engine.forgot()
        if lost:
            deployment.forget()
        stack.engine.prepare()
        stale = (edited or lost) and not deployment.current()
        if stale and edited:
            # Said before anything is started; the build checks again.
            deployment.check()
        fresh = [part.name for part in stack.parts if part.process.find() is None]
        if fresh:
            say(f"starting {', '.join(fresh)} …")
        with ThreadPoolExecutor() as pool:
            # Nothing of the build needs the servers.
            built = pool.submit(deployment.build) if stale else None
            stack.start()
        if built is not None:
            built.result()
            say("built; deploying …")
            deployment.release()
        stack.mirror.start()
        shims.make(stack.state, stack.engine.environment())
        stack.supervisor.start()
