"""`python -m stack.container_entrypoint PART`: one part of the stack in a container of its own.

AWS_ENDPOINT_URL says where the engine is. The part looks up the deployment every few seconds,
because an engine that restarts may deploy again.
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
DEPLOYMENT_POLL_SECONDS = 5.0
LOG_POLL_SECONDS = 0.5
MAX_BACKLOG_LINES = 1000
CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})


@cache
def client(service: Any) -> Any:
    """A boto3 client of the engine."""
    return boto3.client(service, region_name=REGION, config=CLIENT_CONFIG)


def gateway_url(api_id: str, stage: str) -> str:
    """The URL at which LocalStack serves one stage of an API."""
    return f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api_id}/{stage}"


def refresh_outputs(state: Path) -> NoReturn:
    """Write the deployment's outputs into `state`, for ever.

    The health check of docker-compose.yml reads the age of that file.
    """
    while True:
        try:
            Outputs.look_up(STACK_NAME, client, gateway_url).write(state)
        except (BotoCoreError, ClientError, KeyError) as error:
            complain(f"nothing is deployed yet: {error}")
        time.sleep(DEPLOYMENT_POLL_SECONDS)


def become_owner(folder: Path) -> None:
    """Switch from root to the owner of `folder`, so that the owner also owns new files in it."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)


def show_log(group: str) -> NoReturn:
    """Print the new lines of a function's log group, for ever."""
    log = GroupLog(client("logs"), group, MAX_BACKLOG_LINES)
    while True:
        for line in log.lines():
            say(line)
        time.sleep(LOG_POLL_SECONDS)


def main() -> None:
    """Run one part until a signal stops it."""
    options = argparse.ArgumentParser(prog="stack.container_entrypoint", description=__doc__)
    options.add_argument("part", choices=("front", "mirror", "poller"))
    options.add_argument("--state", type=Path, default=Path("/tmp/sluice"))  # noqa: S108
    options.add_argument("--output", type=Path, default=Path("/output"))
    options.add_argument("--port", type=int, default=3000)
    chosen = options.parse_args()
    if chosen.part == "mirror":
        become_owner(chosen.output)
    chosen.state.mkdir(parents=True, exist_ok=True)
    threading.Thread(target=refresh_outputs, args=(chosen.state,), daemon=True).start()
    match chosen.part:
        case "front":
            front.serve(chosen.state, EVERY_HOST, chosen.port)
        case "mirror":
            follow(chosen.state, chosen.output)
        case "poller":
            show_log(f"/aws/lambda/{STACK_NAME}-poller")


if __name__ == "__main__":
    main()
