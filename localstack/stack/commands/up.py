"""Start the stack and deploy into it; returns once it is healthy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stack.bring_up import bring_up
from stack.console import paint, say

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Start, deploy, and print the addresses."""
    del options
    began = time.monotonic()
    bring_up(stack)
    say(f"{paint('up', 'green')} in {time.monotonic() - began:.1f} s")
    say(f"API {api_url(stack)}   mail {mail_url(stack)}   AWS {stack.engine.endpoint()}")


def api_url(stack: Stack) -> str:
    """The URL of the API for clients."""
    return f"http://localhost:{stack.settings.ports.api}"


def mail_url(stack: Stack) -> str:
    """The page of the mail catcher, or the address of the user's own mail server."""
    mail = stack.services[2]
    return mail.address if mail.server is None else stack.mail_page
