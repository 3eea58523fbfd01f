"""Start the stack and deploy again whenever a source file is saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from watchfiles import watch

from stack.bring_up import bring_up
from stack.build_digest import SOURCES
from stack.commands.deploy import deploy
from stack.console import complain, paint, say
from stack.paths import ROOT
from stack.sam import DeployError

if TYPE_CHECKING:
    import argparse

    from stack.stack import Stack


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Until interrupted; a deployment that fails is reported and the next save tried."""
    del options
    bring_up(stack)
    watched = [ROOT / name for name in SOURCES if (ROOT / name).exists()]
    say(f"watching {', '.join(path.name for path in watched)} (Ctrl-C to stop)")
    for _ in watch(*watched):
        began = time.monotonic()
        try:
            with stack.locked():
                changed = deploy(stack)
        except DeployError as error:
            complain(paint(str(error), "red"))
            continue
        if changed:
            say(f"{paint('deployed', 'green')} in {time.monotonic() - began:.1f} s")
