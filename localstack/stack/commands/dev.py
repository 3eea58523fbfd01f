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

POLL_MILLISECONDS = 200


def arguments(options: argparse.ArgumentParser) -> None:
    """None."""


def run(stack: Stack, options: argparse.Namespace) -> None:
    """Deploy until interrupted; a failure is printed, and the next save is another attempt."""
    del options
    watched = [ROOT / name for name in SOURCES if (ROOT / name).exists()]
    saves = watch(*watched, rust_timeout=POLL_MILLISECONDS, yield_on_timeout=True)
    next(saves)  # The watch has begun: a save while the stack starts is not missed.
    up = update(stack, up=False)
    say(f"watching {', '.join(path.name for path in watched)} (Ctrl-C to stop)")
    for saved in saves:
        if saved:
            up = update(stack, up=up)


def update(stack: Stack, *, up: bool) -> bool:
    """Start the stack, or deploy into it if it is `up`; returns whether it is up afterwards."""
    began = time.monotonic()
    changed = True
    try:
        if up:
            with stack.locked():
                changed = deploy(stack)
        else:
            bring_up(stack)
    except DeployError as error:
        complain(paint(str(error), "red"))
        return up
    if changed:
        say(f"{paint('deployed', 'green')} in {time.monotonic() - began:.1f} s")
    return True
