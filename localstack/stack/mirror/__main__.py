"""`python -m stack.mirror`: mirror the exports of one stack until a signal stops it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from localstack_client.session import Session

from stack.mirror.folder import Folder
from stack.mirror.mirror import Mirror
from stack.outputs import Outputs

if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

LONG_POLL_SECONDS = 20
RETRY_SECONDS = 1.0
# One attempt a call: the loop below retries, after it has read the outputs again.
CLIENT_CONFIG = Config(
    retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=LONG_POLL_SECONDS + 10
)
log = logging.getLogger("mirror")


def main() -> None:
    """Mirror until a signal stops it."""
    options = argparse.ArgumentParser(prog="stack.mirror", description=__doc__)
    options.add_argument("--state", type=Path, required=True)
    options.add_argument("--output", type=Path, required=True)
    chosen = options.parse_args()
    follow(chosen.state, chosen.output)


def follow(state: Path, output: Path) -> NoReturn:
    """Mirror the present deployment; after an error, start again a second later."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    signal.signal(signal.SIGTERM, _stop)
    folder = Folder(output)
    log.info("mirror into %s, %d half-written files removed", folder.path, folder.clean())
    mirror = _mirror(folder)
    trouble = ""
    while True:
        try:
            _run(mirror, state)
        except (BotoCoreError, ClientError, OSError) as error:
            if trouble != (trouble := f"{type(error).__name__}: {error}"):
                log.warning("waiting: %s", trouble)
        time.sleep(RETRY_SECONDS)


def _mirror(folder: Folder) -> Mirror:
    session = Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106
    return Mirror(
        session.client("s3", config=CLIENT_CONFIG),
        session.client("sqs", config=CLIENT_CONFIG),
        folder,
    )


def _run(mirror: Mirror, state: Path) -> None:
    """Mirror one deployment; returns if there is none, or when another replaces it."""
    outputs = Outputs.read(state)
    if outputs is None:
        return
    log.info("caught up: %d exports copied", mirror.catch_up(outputs.bucket))
    while outputs == Outputs.read(state):
        mirror.follow(outputs.mirror_queue_url, wait=LONG_POLL_SECONDS)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    sys.exit(0)


if __name__ == "__main__":
    main()
