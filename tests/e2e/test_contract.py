"""The deployed API keeps what its OpenAPI document promises, whatever is sent to it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from sys import executable
from typing import TYPE_CHECKING

from stack.waiting import wait_until
from stack.web import call

if TYPE_CHECKING:
    from support.local_stack import LocalStack

PROGRAM = Path(executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
EXAMPLES = 30
"""Requests made up for each operation in one phase, at most."""
SECONDS = 400


def test_what_is_served_is_what_is_written(stack: LocalStack) -> None:
    status, document = call(f"{stack.url}/openapi.json")

    assert (status, document["openapi"]) == (200, "3.1.0")


def test_schemathesis_finds_nothing(stack: LocalStack, tmp_path: Path) -> None:
    """All its checks, on requests that fit the document and on requests that do not.

    Pausing comes by itself: while it goes on, no job would come to an end that is waited for.
    """
    check(stack, tmp_path, "--exclude-operation-id", "pauseQueue")


def test_schemathesis_finds_nothing_about_queues(stack: LocalStack, tmp_path: Path) -> None:
    try:
        check(stack, tmp_path, "--include-path-regex", "^/queues/", "--phases", "coverage,fuzzing")
    finally:
        for name in ("high", "default"):
            assert call(f"{stack.url}/queues/{name}/resume", method="POST")[0] == 200


def check(stack: LocalStack, tmp_path: Path, *chosen: str) -> None:
    """Run schemathesis on the operations that are `chosen`; it finds nothing."""
    done = subprocess.run(
        [
            *(
                str(PROGRAM),
                "--config-file",
                str(CONFIG),
                "run",
                f"{stack.url}/openapi.json",
                "--url",
                stack.url,
                *chosen,
            ),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure"),
            # Beyond what JSON Schema can say: the door takes no U+0000 and no half of a character.
            *("--generation-allow-x00", "false", "--generation-codec", "utf-8"),
            *("--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if name != "HYPOTHESIS_PROFILE"},
            "SCHEMATHESIS_HOOKS": str(HOOKS),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    stack.cancel_open()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    wait_until(lambda: call(f"{stack.url}/health")[0] == 200, "a healthy stack", seconds=60)
