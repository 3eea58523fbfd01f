"""Print the running stack's addresses as KEY=value, for `eval "$(make -s env)"`."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stack import shims
from stack.commands.up import api_url, mail_url
from stack.console import say
from stack.surroundings import is_proxied, past_proxies

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Print them; raises `NotReadyError` if nothing is deployed."""
    del options
    for name, value in environment(stack).items():
        say(f"{name}={quote(value)}")


def environment(stack: Stack) -> Mapping[str, str]:
    """The variables with which a shell can talk to every part of the stack."""
    outputs = stack.deployed()
    database, queue, mail = stack.services
    mail_at = urlsplit(mail.address)
    return {
        "API_URL": api_url(stack),
        "DATABASE_URL": database.address,
        "REDIS_URL": queue.address,
        **stack.engine.environment(),
        "BUCKET": outputs.bucket,
        "MAIL_HOST": str(mail_at.hostname),
        "MAIL_PORT": str(mail_at.port),
        "MAIL_URL": mail_url(stack),
        "OUTPUT_DIR": str(stack.settings.output),
        "API_FUNCTION": outputs.api_function,
        "POLLER_FUNCTION": outputs.poller_function,
        "MIRROR_QUEUE_URL": outputs.mirror_queue_url,
        **(past_proxies(os.environ) if is_proxied(os.environ) else {}),
        "PATH": shims.path(stack.state, os.environ.get("PATH", "")),
    }
