"""`python -m stack COMMAND`: the local stack's command line, which `make` calls."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from stack.bring_up import EXPECTED
from stack.commands import (
    clean,
    demo,
    deploy,
    dev,
    down,
    env,
    key,
    logs,
    psql,
    redis_cli,
    status,
    undeploy,
    up,
)
from stack.console import complain
from stack.settings import Settings
from stack.stack import Stack
from stack.surroundings import forget_defaults_of_libpq

if TYPE_CHECKING:
    from types import ModuleType

COMMANDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2].replace("_", "-"): module
    for module in (
        *(up, down, status, logs, env, deploy, undeploy, dev, demo),
        *(key, psql, redis_cli, clean),
    )
}


def main() -> int:
    """Run one command; returns its exit status. An expected error is one message, no traceback."""
    parser = argparse.ArgumentParser(prog="stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        options = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.arguments(options)
    chosen = parser.parse_args()
    forget_defaults_of_libpq(os.environ)
    try:
        return int(COMMANDS[chosen.command].run(Stack(Settings.load()), chosen) or 0)
    except EXPECTED as error:
        complain(f"{chosen.command}: {error}")
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
