"""Start the stack and deploy into it; returns once it is healthy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stack import shims
from stack.deploy import Deployment
from stack.screen import paint, say

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Start, deploy, and say where things are."""
    del options
    began = time.monotonic()
    bring_up(stack)
    say(f"{paint('up', 'green')} in {time.monotonic() - began:.1f} s")
    say(f"API {api_url(stack)}   mail {mail_url(stack)}   AWS {stack.engine.endpoint()}")


def bring_up(stack: Stack) -> None:
    """Bring every part to health and the deployment up to date; nothing is done twice."""
    deployment = Deployment(stack)
    with stack.locked():
        if stack.crashed():
            # Its last clean stop's state comes back, which need not be what was deployed since.
            deployment.forget()
        fresh = [part.name for part in stack.parts if part.process.find() is None]
        if fresh:
            say(f"starting {', '.join(fresh)} …")
        stack.start()
        if not deployment.current():
            say("building and deploying …")
            deployment.run()
        stack.mirror.start()
        shims.make(stack.state)


def api_url(stack: Stack) -> str:
    """Where clients find the API."""
    return f"http://localhost:{stack.settings.ports.api}"


def mail_url(stack: Stack) -> str:
    """The page of the mail catcher, or the user's own server."""
    mail = stack.services[2]
    return mail.address if mail.server is None else stack.mail_page
