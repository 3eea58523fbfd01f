"""`awslocal logs tail`: version 2 of the AWS CLI has this command, version 1 does not.

python -m stack.logs_tail GROUP [--since 10m] [--follow] [--format detailed|short]
"""

from __future__ import annotations

import argparse
import re
import sys
import time

import boto3

from stack.console import complain, say
from stack.logs import GroupLog

POLL_SECONDS = 0.5
MAX_BACKLOG_LINES = 10_000
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(since: str) -> int:
    """`10m` as 600 seconds; raises `ValueError`, which argparse turns into a message."""
    found = re.fullmatch(r"(\d+)([smhdw])", since)
    if not found:
        raise ValueError(since)
    return int(found[1]) * UNITS[found[2]]


def main() -> int:
    """Print the lines of a log group; with --follow, wait for more."""
    parser = argparse.ArgumentParser(prog="awslocal logs tail")
    parser.add_argument("group_name")
    parser.add_argument("--since", type=seconds, default="10m", help="30s, 10m, 2h, 1d, 1w")
    parser.add_argument("--follow", action="store_true", help="wait for more")
    parser.add_argument("--format", choices=("detailed", "short"), default="detailed")
    asked = parser.parse_args()
    client = boto3.client("logs")
    groups = client.describe_log_groups(logGroupNamePrefix=asked.group_name)["logGroups"]
    if asked.group_name not in [group["logGroupName"] for group in groups]:
        complain(f"there is no log group {asked.group_name}; awslocal logs describe-log-groups")
        return 1
    prefix = f"{asked.group_name} " if asked.format == "detailed" else ""
    since = int((time.time() - asked.since) * 1000)
    log = GroupLog(client, asked.group_name, MAX_BACKLOG_LINES, since)
    try:
        while True:
            for line in log.lines():
                say(f"{prefix}{line}")
            if not asked.follow:
                return 0
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
