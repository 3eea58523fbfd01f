"""`python -m stack.container_entrypoint PART`: a part of the stack beside somebody's engine.

The engine is found by AWS_ENDPOINT_URL. What is deployed in it is asked again and again: an
engine that was started anew may have deployed anew.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stack import front
from stack.console import complain, say
from stack.engines.engine import REGION
from stack.logs import GroupLog
from stack.mirror.__main__ import follow
from stack.outputs import Outputs

if TYPE_CHECKING:
    from typing import Any

STACK_NAME = "sluice"
EVERY_HOST = "0.0.0.0"  # noqa: S104  (a container's own network)
LOOK_SECONDS = 5.0
LOG_SECONDS = 0.5
BACKLOG = 1000
PATIENCE = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})


@cache
def client(service: Any) -> Any:
    """A client of the engine."""
    return boto3.client(service, region_name=REGION, config=PATIENCE)


def gateway_url(api_id: str, stage: str) -> str:
    """Where LocalStack answers for one API."""
    return f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api_id}/{stage}"


def keep_looking(state: Path) -> NoReturn:
    """Write what is deployed into `state`, again and again: how old the file is tells health."""
    while True:
        try:
            Outputs.look_up(STACK_NAME, client, gateway_url).write(state)
        except (BotoCoreError, ClientError, KeyError) as error:
            complain(f"nothing is deployed yet: {error}")
        time.sleep(LOOK_SECONDS)


def become_owner(folder: Path) -> None:
    """Give up being root for being the owner of `folder`, so that its files are theirs, too."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def show_log(group: str) -> NoReturn:
    """Print the lines of a function's log as they come."""
    log = GroupLog(client("logs"), group, BACKLOG)
    while True:
        for line in log.lines():
            say(line)
        time.sleep(LOG_SECONDS)


def main() -> None:
    """Run one part until told to stop."""
    options = argparse.ArgumentParser(prog="stack.container_entrypoint", description=__doc__)
    options.add_argument("part", choices=("front", "mirror", "poller"))
    options.add_argument("--state", type=Path, default=Path("/tmp/sluice"))  # noqa: S108
    options.add_argument("--output", type=Path, default=Path("/output"))
    options.add_argument("--port", type=int, default=3000)
    chosen = options.parse_args()
    if chosen.part == "mirror":
        become_owner(chosen.output)
    chosen.state.mkdir(parents=True, exist_ok=True)
    threading.Thread(target=keep_looking, args=(chosen.state,), daemon=True).start()
    match chosen.part:
        case "front":
            front.serve(chosen.state, EVERY_HOST, chosen.port)
        case "mirror":
            follow(chosen.state, chosen.output)
        case "poller":
            show_log(f"/aws/lambda/{STACK_NAME}-poller")


if __name__ == "__main__":
    main()
